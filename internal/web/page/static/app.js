// What the pages do beyond their forms and links. Every page works without it.
(() => {
  "use strict";
  const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
  const steps = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const say = (at) => {
    const seconds = (at - Date.now()) / 1000;
    const [unit, size] = steps.find(([, n]) => Math.abs(seconds) >= n) || steps[5];
    return relative.format(Math.round(seconds / size), unit);
  };

  // Times in the reader's zone, the exact instant on hover.
  const times = () => {
    for (const e of document.querySelectorAll("time[datetime]")) {
      const at = new Date(e.dateTime);
      if (e.dateTime.length === 10) { // a day, which is the same in every zone
        e.textContent = at.toLocaleDateString(undefined, { dateStyle: "medium", timeZone: "UTC" });
        continue;
      }
      e.textContent = e.closest("[data-relative]") ? say(at) : at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
      e.title = at.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" }) + "\n" + e.dateTime;
    }
  };
  // The dates of a picture, too.
  for (const e of document.querySelectorAll("text[data-at]")) {
    const at = new Date(e.dataset.at), parts = e.textContent.split(":").length;
    e.textContent = parts === 1 ? at.toLocaleDateString(undefined, { month: "short", day: "numeric", timeZone: "UTC" })
      : at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: parts === 3 ? "2-digit" : undefined });
  }
  times();
  setInterval(times, 10000);

  // Consent in a small window; where the browser does not open one, in this one.
  let popup = null;
  for (const link of document.querySelectorAll("a[data-popup]")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      popup = window.open(link.href, "valetkey-consent", "popup,width=560,height=720");
      if (popup) event.preventDefault();
    });
  }

  // A page that waits for something looks again; one that shows a state follows it.
  const live = document.querySelector("[data-live]");
  if (live) {
    const version = live.dataset.version;
    const every = Number(live.dataset.every) || 5000; // a page that says so waits for another window, and looks behind it too
    const look = async () => {
      if (document.visibilityState === "visible" || live.dataset.every) {
        try {
          const answer = await fetch(live.dataset.live, { headers: { Accept: "application/json" } });
          if (answer.redirected) { // the session has ended: to the sign-in page, and back here
            location.reload();
            return;
          }
          const status = answer.ok ? await answer.json() : null;
          if (status && status.version !== version && (live.dataset.every || !document.querySelector("form:focus-within, dialog[open]"))) {
            popup?.close();
            location.reload();
            return;
          }
        } catch { /* the server is away: look again later */ }
      }
      setTimeout(look, every);
    };
    setTimeout(look, every);
  }

  // A link that was opened in a window of another page tells that page.
  const told = document.querySelector("[data-opener]");
  if (told && window.opener) {
    window.opener.postMessage({ valetkey: told.dataset.status, link: told.dataset.link }, told.dataset.opener);
    if (told.dataset.status === "done") window.close();
  }

  // Copy buttons.
  for (const source of document.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.setAttribute("aria-live", "polite"); // that it was copied is told, too
    button.textContent = source.dataset.copy;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(source.querySelector("code").textContent);
      button.textContent = source.dataset.copied;
      setTimeout(() => { button.textContent = source.dataset.copy; }, 2000);
    });
    source.prepend(button);
  }

  // One box for all.
  for (const all of document.querySelectorAll("[data-all]")) {
    const boxes = () => document.querySelectorAll(`input[type=checkbox][name="${all.dataset.all}"]`);
    all.hidden = false;
    all.addEventListener("change", () => boxes().forEach((box) => { box.checked = all.checked; }));
  }

  // The catalogue is searched as one types.
  for (const form of document.querySelectorAll("form[data-finds]")) {
    const into = document.getElementById(form.dataset.finds);
    let asked = 0;
    form.addEventListener("input", async () => {
      const own = ++asked;
      await new Promise((done) => { setTimeout(done, 150); });
      if (own !== asked) return;
      try {
        const answer = await fetch(`${form.action}?${new URLSearchParams(new FormData(form))}`);
        const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(into.id);
        if (own === asked && found) into.replaceChildren(...found.childNodes);
      } catch { /* the button asks as well */ }
    });
  }

  // A list of boxes is narrowed as one types.
  for (const filter of document.querySelectorAll("[data-filters]")) {
    filter.hidden = false;
    const input = filter.querySelector("input");
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/);
      for (const item of document.getElementById(filter.dataset.filters).children) {
        item.hidden = !words.every((word) => item.textContent.toLowerCase().includes(word));
      }
    });
  }

  // What is ticked here is what is added there.
  for (const list of document.querySelectorAll("[data-mirrors]")) {
    const boxes = [...document.querySelectorAll(`input[type=checkbox][name="${list.dataset.mirrors}"]`)];
    const mirror = () => list.replaceChildren(...boxes.filter((box) => box.checked).map((box) => {
      const item = document.createElement("li"), code = document.createElement("code");
      code.textContent = box.value;
      item.append(code);
      return item;
    }));
    boxes.forEach((box) => box.addEventListener("change", mirror));
  }

  // A registration that is used again needs no id and no secret.
  for (const choice of document.querySelectorAll("[data-hides]")) {
    const hide = () => { document.getElementById(choice.dataset.hides).hidden = choice.value !== ""; };
    choice.addEventListener("change", hide);
    hide();
  }

  // Known mistakes, as one types: the table is the server's.
  for (const form of document.querySelectorAll("form[data-rules]")) {
    const rules = JSON.parse(form.dataset.rules);
    const value = (field) => {
      if (field !== "scopes") return form.elements[field]?.value ?? "";
      const ticked = [...form.querySelectorAll("input[name=scope]:checked")].map((box) => box.value);
      return [...ticked, ...value("more_scopes").split(/[\s,~]+/)].filter(Boolean).join(" ");
    };
    const holds = (pattern, text) => {
      try { return new RegExp(pattern, "i").test(text); } catch { return true; }
    };
    const made = (rule) => {
      const held = value(rule.field);
      if (!held && (!rule.lacks || rule.field !== "scopes")) return false;
      return Object.entries(rule.also || {}).every(([field, pattern]) => holds(pattern, value(field))) && holds(rule.match, held) !== Boolean(rule.lacks);
    };
    const judge = () => {
      for (const field of new Set(rules.map((rule) => rule.field))) {
        const place = document.getElementById(`${field}-live`);
        if (!place) continue;
        const found = ["fault", "warn", "hint"].map((level) => rules.find((rule) => rule.field === field && rule.level === level && made(rule))).find(Boolean);
        const said = document.getElementById(`${field}-fault`);
        const text = !found || said?.textContent === found.say ? "" : found.say;
        if (place.textContent !== text) place.textContent = text;
        place.className = `live${found && found.level === "fault" ? " bad" : ""}${found && found.level === "warn" ? " warn" : ""}`;
        const input = form.elements[field];
        if (!input || said) continue;
        if (found && found.level === "fault") input.setAttribute("aria-invalid", "true");
        else input.removeAttribute("aria-invalid");
      }
    };
    form.addEventListener("input", judge);
    form.addEventListener("change", judge);
    judge();
  }

  // The keyboard: / searches, n and p turn pages, j and k go through a list.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    const follow = (selector) => document.querySelector(selector)?.click();
    const rows = [...document.querySelectorAll("[data-row]")];
    const at = rows.indexOf(document.activeElement);
    switch (event.key) {
      case "/": document.querySelector("input[type=search]")?.focus(); break;
      case "n": follow("a[rel=next]"); break;
      case "p": follow("a[rel=prev]"); break;
      case "j": rows[Math.min(at + 1, rows.length - 1)]?.focus(); break;
      case "k": rows[Math.max(at - 1, 0)]?.focus(); break;
      default: return;
    }
    event.preventDefault();
  });
})();
