// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gitserver

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// payload is what GitHub tells about a push, as far as readers use it.
type payload struct {
	Ref        string         `json:"ref"`
	Before     string         `json:"before"`
	After      string         `json:"after"`
	Repository repositoryInfo `json:"repository"`
	Commits    []commitInfo   `json:"commits"`
	HeadCommit *commitInfo    `json:"head_commit"`
}

type repositoryInfo struct {
	Name          string `json:"name"`
	FullName      string `json:"full_name"`
	HTMLURL       string `json:"html_url"`
	CloneURL      string `json:"clone_url"`
	DefaultBranch string `json:"default_branch"`
}

type commitInfo struct {
	ID       string   `json:"id"`
	Message  string   `json:"message"`
	Added    []string `json:"added"`
	Modified []string `json:"modified"`
	Removed  []string `json:"removed"`
}

// announce tells the webhook about each reference that changed.
func (r *Repository) announce(ctx context.Context, before, after map[string]string) error {
	if r.server.options.Webhook == "" {
		return nil
	}
	changed := maps.Clone(before)
	maps.Copy(changed, after)
	for _, ref := range slices.Sorted(maps.Keys(changed)) {
		if before[ref] == after[ref] {
			continue
		}
		push, err := r.payload(ctx, ref, cmp.Or(before[ref], noCommit), cmp.Or(after[ref], noCommit))
		if err != nil {
			return err
		}
		if err := r.server.post(ctx, push); err != nil {
			return err
		}
	}
	return nil
}

func (r *Repository) payload(ctx context.Context, ref, before, after string) (payload, error) {
	branch, err := r.git(ctx, nil, "symbolic-ref", "--short", "HEAD")
	if err != nil {
		return payload{}, err
	}
	name := strings.TrimSuffix(r.name, ".git")
	push := payload{Ref: ref, Before: before, After: after, Commits: []commitInfo{}, Repository: repositoryInfo{
		Name: path.Base(name), FullName: name, DefaultBranch: branch,
		HTMLURL: r.server.URL() + "/" + name, CloneURL: r.URL(),
	}}
	if after == noCommit || !strings.HasPrefix(ref, "refs/heads/") {
		return push, nil
	}
	revisions := []string{"rev-list", "--reverse", "--max-count=20", after}
	if before != noCommit {
		revisions = append(revisions, "^"+before)
	}
	ids, err := r.git(ctx, nil, revisions...)
	if err != nil {
		return payload{}, err
	}
	for _, id := range strings.Fields(ids) {
		info, err := r.commitInfo(ctx, id)
		if err != nil {
			return payload{}, err
		}
		push.Commits = append(push.Commits, info)
		push.HeadCommit = &info
	}
	return push, nil
}

func (r *Repository) commitInfo(ctx context.Context, id string) (commitInfo, error) {
	info := commitInfo{ID: id, Added: []string{}, Modified: []string{}, Removed: []string{}}
	out, err := r.git(ctx, nil, "show", "--no-renames", "--name-status", "--format=%s%x00", "-z", id)
	if err != nil {
		return info, err
	}
	fields := strings.Split(out, "\x00")
	info.Message = fields[0]
	fields = slices.DeleteFunc(fields[1:], func(f string) bool { return strings.TrimSpace(f) == "" })
	for i := 0; i+1 < len(fields); i += 2 {
		switch strings.TrimSpace(fields[i]) {
		case "A":
			info.Added = append(info.Added, fields[i+1])
		case "D":
			info.Removed = append(info.Removed, fields[i+1])
		default:
			info.Modified = append(info.Modified, fields[i+1])
		}
	}
	return info, nil
}

func (s *Server) post(ctx context.Context, push payload) error {
	body, err := json.Marshal(push)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.options.Webhook, bytes.NewReader(body))
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, []byte(s.options.WebhookSecret))
	_, _ = mac.Write(body)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-GitHub-Event", "push")
	request.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	client := s.options.WebhookClient
	if client == nil {
		client = http.DefaultClient
	}
	now := time.Now()
	s.told.Store(&now)
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("tell the webhook about a push: %w", err)
	}
	_ = response.Body.Close()
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("the webhook answered a push with status %d", response.StatusCode)
	}
	return nil
}
