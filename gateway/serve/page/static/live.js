// Puts pieces of the page in place as they change (GET /live), and says when the line to the gateway is lost.
"use strict";
(() => {
  const SILENT_MS = 15000; // three beats missed
  const PRESSED_MS = 3000; // a finger that is never lifted holds nothing back for longer
  let heard = Date.now();
  let source = null;
  let pressed = 0;
  let held = {};

  // What is pressed stays until it is let go: a link that is replaced in between would not be followed.
  function take(pieces) {
    Object.assign(held, pieces);
    if (Date.now() - pressed < PRESSED_MS) return;
    const now = held;
    held = {};
    if (Object.keys(now).length) put(now);
  }

  function put(pieces) {
    const changed = [];
    for (const [id, html] of Object.entries(pieces)) {
      const old = document.getElementById(id);
      const box = document.createElement("template");
      box.innerHTML = html;
      if (old && box.content.firstElementChild?.isEqualNode(old)) continue;
      changed.push(id);
      if (!old || old.contains(document.activeElement)) continue; // never from under a finger
      old.replaceWith(box.content);
    }
    document.dispatchEvent(new CustomEvent("pieces", { detail: changed }));
  }

  function open() {
    source = new EventSource("/live");
    source.addEventListener("pieces", (event) => {
      heard = Date.now();
      take(JSON.parse(event.data));
    });
    source.addEventListener("beat", () => { heard = Date.now(); });
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      source.close();
      setTimeout(open, 3000);
    };
  }

  addEventListener("pointerdown", () => { pressed = Date.now(); });
  for (const kind of ["pointerup", "pointercancel"]) {
    addEventListener(kind, () => {
      pressed = 0;
      setTimeout(take, 0, {}); // once the click is through
    });
  }
  setInterval(() => {
    document.body.classList.toggle("lost", Date.now() - heard > SILENT_MS);
    take({});
  }, 1000);
  open();
})();
