// Makes the pages quicker by keyboard. Everything here works without it.
"use strict";

(() => {
  const typing = (element) => element.matches("input, select, textarea, [contenteditable]");

  const rows = () => [...document.querySelectorAll("table[data-rows] tbody tr")];

  const link = (row) => row.querySelector("a[href]");

  // `j` and `k` move by rows; Enter on the focused link opens it, as links do.
  const move = (step) => {
    const all = rows();
    if (all.length === 0) return;
    const here = all.findIndex((row) => row.contains(document.activeElement));
    const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : here + step;
    const target = all[Math.min(Math.max(next, 0), all.length - 1)];
    link(target)?.focus();
    target.scrollIntoView({ block: "nearest" });
  };

  const closePops = (but) => {
    let closed = false;
    for (const pop of document.querySelectorAll("details.pop[open]")) {
      if (pop !== but && !pop.contains(but)) {
        pop.open = false;
        closed = true;
      }
    }
    return closed;
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      const open = document.querySelector("details.pop[open] > summary");
      if (closePops(null)) open?.focus();
      else if (typing(document.activeElement)) document.activeElement.blur();
      return;
    }
    if (typing(event.target)) return;
    if (event.key === "/") {
      event.preventDefault();
      document.getElementById("q")?.focus();
    } else if (event.key === "j") {
      move(1);
    } else if (event.key === "k") {
      move(-1);
    }
  });

  // A click anywhere in a row opens it, unless it was on something that acts or selected text.
  document.addEventListener("click", (event) => {
    closePops(event.target);
    if (event.target.closest("a, button, summary, input, label")) return;
    if (String(getSelection()) !== "") return;
    const row = event.target.closest("table[data-rows] tbody tr");
    if (row) link(row)?.click();
  });

  // A filter that was chosen applies at once; the button stays for those without script.
  for (const select of document.querySelectorAll("form.filters select")) {
    select.addEventListener("change", () => select.form.requestSubmit());
  }

  // Empty fields do not clutter the address that is mailed.
  for (const form of document.querySelectorAll("form.filters")) {
    form.addEventListener("submit", () => {
      for (const field of form.elements) {
        if (field.name && field.value === "") field.disabled = true;
      }
    });
  }
  addEventListener("pageshow", () => {
    for (const field of document.querySelectorAll("form.filters :disabled")) field.disabled = false;
  });

  // What is folded on the screen is printed in full.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("main details:not([open])")];
    for (const one of folded) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of folded) one.open = false;
  });
})();
