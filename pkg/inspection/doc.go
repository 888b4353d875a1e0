// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package inspection answers what people ask of the objects that an Application has in its
// destination: the tree, its Events and logs, and actions.
//
// Input: an Application with its object record, and a question. Output: the answer of the API.
// Invariants: an object is shown, read or acted on only if it is in the Application's tree at the
// time of the question, and what is elsewhere is answered like what does not exist; what could not
// be read is named in the answer.
package inspection
