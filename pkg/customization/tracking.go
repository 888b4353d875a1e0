// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package customization

// instanceLabel is the label that Argo CD marks objects with unless application.instanceLabelKey names another.
const instanceLabel = "app.kubernetes.io/instance"

// trackingOf returns the label that names an object's Application, "" where objects have just the annotation: by
// application.resourceTrackingMethod and application.instanceLabelKey (as Argo CD 3.5: util/argo/resource_tracking.go).
func trackingOf(data map[string]string) string {
	switch data["application.resourceTrackingMethod"] {
	case "label", "annotation+label":
		if key := data["application.instanceLabelKey"]; key != "" {
			return key
		}
		return instanceLabel
	}
	return ""
}
