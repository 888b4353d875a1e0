// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"github.com/yuin/gopher-lua/ast"
)

// Names that no script can write: calls of them are put in place of operators whose memory the
// interpreter does not bound.
const (
	concatName = ".."
	indexName  = "[]"
)

// rewriter walks a script once. It replaces each concatenation and each index that is not plain
// text by a metered call, and notes the names that the script mentions, which are all that a run
// must provide.
type rewriter struct {
	needs needs
}

// rewrite changes the chunk in place and returns what it needs.
func rewrite(chunk []ast.Stmt) needs {
	r := &rewriter{needs: newNeeds()}
	r.block(chunk)
	return r.needs
}

func (r *rewriter) block(statements []ast.Stmt) {
	for _, statement := range statements {
		r.statement(statement)
	}
}

func (r *rewriter) statement(statement ast.Stmt) {
	switch s := statement.(type) {
	case *ast.AssignStmt:
		for i, target := range s.Lhs {
			s.Lhs[i] = r.target(target)
		}
		r.all(s.Rhs)
	case *ast.LocalAssignStmt:
		r.all(s.Exprs)
	case *ast.FuncCallStmt:
		s.Expr = r.expr(s.Expr)
	case *ast.DoBlockStmt:
		r.block(s.Stmts)
	case *ast.WhileStmt:
		s.Condition = r.expr(s.Condition)
		r.block(s.Stmts)
	case *ast.RepeatStmt:
		s.Condition = r.expr(s.Condition)
		r.block(s.Stmts)
	case *ast.IfStmt:
		s.Condition = r.expr(s.Condition)
		r.block(s.Then)
		r.block(s.Else)
	case *ast.NumberForStmt:
		s.Init, s.Limit = r.expr(s.Init), r.expr(s.Limit)
		if s.Step != nil {
			s.Step = r.expr(s.Step)
		}
		r.block(s.Stmts)
	case *ast.GenericForStmt:
		r.all(s.Exprs)
		r.block(s.Stmts)
	case *ast.FuncDefStmt:
		r.functionName(s.Name)
		r.block(s.Func.Stmts)
	case *ast.ReturnStmt:
		r.all(s.Exprs)
	}
}

func (r *rewriter) functionName(name *ast.FuncName) {
	if name.Func != nil {
		name.Func = r.target(name.Func)
	}
	if name.Receiver != nil {
		name.Receiver = r.expr(name.Receiver)
	}
}

func (r *rewriter) all(exprs []ast.Expr) {
	for i, expr := range exprs {
		exprs[i] = r.expr(expr)
	}
}

// target rewrites what is assigned to: the index may be one that makes a table grow.
func (r *rewriter) target(expr ast.Expr) ast.Expr {
	get, isIndex := expr.(*ast.AttrGetExpr)
	if !isIndex {
		return r.expr(expr)
	}
	rewritten := r.expr(get)
	if _, isText := get.Key.(*ast.StringExpr); !isText {
		get.Key = call(indexName, get.Key, get.Key)
	}
	return rewritten
}

func (r *rewriter) expr(expr ast.Expr) ast.Expr {
	switch e := expr.(type) {
	case *ast.IdentExpr:
		r.needs.name(e.Value)
	case *ast.StringExpr:
		r.needs.text(e.Value)
	case *ast.AttrGetExpr:
		r.attribute(e)
	case *ast.TableExpr:
		r.table(e)
	case *ast.FuncCallExpr:
		r.call(e)
	case *ast.FunctionExpr:
		r.block(e.Stmts)
	case *ast.StringConcatOpExpr:
		return r.concat(e)
	case *ast.LogicalOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.RelationalOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.ArithmeticOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.UnaryMinusOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.UnaryNotOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.UnaryLenOpExpr:
		e.Expr = r.expr(e.Expr)
	}
	return expr
}

func (r *rewriter) attribute(e *ast.AttrGetExpr) {
	root, isName := e.Object.(*ast.IdentExpr)
	key, isText := e.Key.(*ast.StringExpr)
	if isName && isText && root.Value == objectName {
		r.needs.field(key.Value)
		return
	}
	e.Object, e.Key = r.expr(e.Object), r.expr(e.Key)
}

func (r *rewriter) table(e *ast.TableExpr) {
	for _, field := range e.Fields {
		field.Value = r.expr(field.Value)
		if field.Key == nil {
			continue
		}
		field.Key = r.expr(field.Key)
		if _, isText := field.Key.(*ast.StringExpr); !isText {
			field.Key = call(indexName, field.Key, field.Key)
		}
	}
}

func (r *rewriter) call(e *ast.FuncCallExpr) {
	if e.Func != nil {
		e.Func = r.expr(e.Func)
	}
	if e.Receiver != nil {
		e.Receiver = r.expr(e.Receiver)
		// A method may be called on text, which finds it in the string library.
		r.needs.name("string")
	}
	r.all(e.Args)
}

// concat makes one call of a chain: a .. b .. c becomes concat(a, b, c).
func (r *rewriter) concat(e *ast.StringConcatOpExpr) ast.Expr {
	operands := []ast.Expr{r.expr(e.Lhs)}
	rest := e.Rhs
	for {
		chain, isConcat := rest.(*ast.StringConcatOpExpr)
		if !isConcat {
			break
		}
		operands = append(operands, r.expr(chain.Lhs))
		rest = chain.Rhs
	}
	return call(concatName, e, append(operands, r.expr(rest))...)
}

// call is a call of one of our own functions, at the line of the expression it replaces.
func call(name string, at ast.Expr, args ...ast.Expr) ast.Expr {
	// The last argument would pass on all its values; an operand has one.
	switch last := args[len(args)-1].(type) {
	case *ast.FuncCallExpr:
		last.AdjustRet = true
	case *ast.Comma3Expr:
		last.AdjustRet = true
	}
	function := &ast.IdentExpr{Value: name}
	function.SetLine(at.Line())
	function.SetLastLine(at.LastLine())
	replaced := &ast.FuncCallExpr{Func: function, Args: args, AdjustRet: true}
	replaced.SetLine(at.Line())
	replaced.SetLastLine(at.LastLine())
	return replaced
}
