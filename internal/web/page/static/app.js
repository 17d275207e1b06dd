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
      e.textContent = e.closest("[data-relative]") ? say(at) : at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
      e.title = at.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" }) + "\n" + e.dateTime;
    }
  };
  times();
  setInterval(times, 10000);

  // A page that waits for something looks again; one that shows a state follows it.
  const live = document.querySelector("[data-live]");
  if (live) {
    const version = live.dataset.version;
    const look = async () => {
      if (document.visibilityState === "visible") {
        try {
          const answer = await fetch(live.dataset.live, { headers: { Accept: "application/json" } });
          const status = answer.ok ? await answer.json() : null;
          if (status && status.version !== version && !document.querySelector("form:focus-within, dialog[open]")) {
            location.reload();
            return;
          }
        } catch { /* the server is away: look again later */ }
      }
      setTimeout(look, 5000);
    };
    setTimeout(look, 5000);
  }

  // Copy buttons.
  for (const source of document.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = source.dataset.copy;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(source.querySelector("code").textContent);
      button.textContent = source.dataset.copied;
      setTimeout(() => { button.textContent = source.dataset.copy; }, 2000);
    });
    source.append(button);
  }

  // One box for all.
  for (const all of document.querySelectorAll("[data-all]")) {
    const boxes = () => document.querySelectorAll(`input[type=checkbox][name="${all.dataset.all}"]`);
    all.hidden = false;
    all.addEventListener("change", () => boxes().forEach((box) => { box.checked = all.checked; }));
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
