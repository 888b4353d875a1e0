// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
)

// SetCrowd makes stores give way to fresh ones early.
func (r *Repositories) SetCrowd(packs, loose int) { r.crowd = crowd{packs: packs, loose: loose} }

func signedPush(body []byte) http.Header {
	mac := hmac.New(sha256.New, []byte("k"))
	_, _ = mac.Write(body)
	return http.Header{
		"X-Github-Event":      {"push"},
		"X-Hub-Signature-256": {"sha256=" + hex.EncodeToString(mac.Sum(nil))},
	}
}
