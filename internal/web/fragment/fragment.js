"use strict";
// The provider's answer stands behind the # of the address. It goes to Valetkey
// in the body of a form, and out of the address bar and the history.
const answer = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, "", location.pathname);
if (answer.has("state")) {
  const form = document.getElementById("answer");
  for (const [name, value] of answer) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    form.append(field);
  }
  form.submit();
}
