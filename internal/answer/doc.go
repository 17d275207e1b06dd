// Package answer reads what an API's answer says in its body: a member of a
// JSON document, an element of an XML one, a field of a form, and whether all
// of it means success or failure.
//
//	body, label ─▶ Read: what it is, in what charset    (document.go)
//	            ─▶ Document.Lookup(path) ─▶ JSON        (json.go)
//	                                     ─▶ XML, SOAP   (xml.go, fault.go)
//	            ─▶ Judge: rules of success and failure  (verdict.go)
//
// Invariants:
//   - It works on the beginning of a body: what a rule needs is found as long as
//     it stands before the place where the beginning ends.
//   - Nothing is changed: the caller of the API gets the bytes as they came.
//   - XML is read without external entities, JSON without recursion.
//
// Not in it: reading from the network, and what is done about a failure
// (package call).
package answer
