"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const dialog = document.getElementById("detail");
  const tip = document.getElementById("tip");
  const spaces = document.querySelector("svg")?.namespaceURI;
  const tables = [...document.querySelectorAll(".rows")];
  document.documentElement.classList.add("scripted");

  function element(name, text, attributes = {}) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  function drawn(name, attributes, text) {
    const made = document.createElementNS(spaces, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // The address holds the state: what is sorted, chosen and opened.
  const state = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");

  function keep(key, value) {
    if (value) state.set(key, value); else state.delete(key);
    history.replaceState(null, "", `${location.pathname}${location.search}#${state}`);
  }

  // Copying and saving
  async function copy(button, text) {
    const said = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = element("textarea", text);
      button.after(field);
      field.select();
      document.execCommand("copy");
      field.remove();
      button.focus();
    }
    button.textContent = "copied";
    setTimeout(() => { button.textContent = said; }, 1200);
  }

  function save(name, text) {
    const link = element("a", "", { download: name });
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  // Sorting
  const number = (text) => parseFloat(text.replace(/^[^0-9.-]+/, ""));

  function sort(table, column, direction) {
    const heads = [...table.tHead.rows[0].cells];
    const body = table.tBodies[0];
    const numeric = heads[column].classList.contains("n");
    const sign = direction === "descending" ? -1 : 1;
    const value = (row) => row.cells[column].textContent.trim();
    const order = [...body.rows].map((row, index) => ({ row, index, value: numeric ? number(value(row)) : value(row) }));
    const empty = (it) => (numeric ? Number.isNaN(it.value) : it.value === "");
    order.sort((a, b) => {
      if (empty(a) || empty(b)) return empty(a) - empty(b) || a.index - b.index; // what has no value is last
      const by = numeric ? a.value - b.value : a.value.localeCompare(b.value, "en", { numeric: true });
      return sign * by || a.index - b.index;
    });
    body.append(...order.map((it) => it.row));
    heads.forEach((head, index) => head.setAttribute("aria-sort", index === column ? direction : "none"));
  }

  function sortable(table, key) {
    table.tHead.addEventListener("click", (event) => {
      const button = event.target.closest("[data-sort]");
      if (!button) return;
      const before = button.parentElement.getAttribute("aria-sort");
      const direction = before === "ascending" ? "descending" : "ascending";
      sort(table, Number(button.dataset.sort), direction);
      if (key) keep(`${key}.sort`, `${button.textContent} ${direction}`);
    });
  }

  // Choosing
  function fits(row, words, fields) {
    if (words && !row.textContent.toLowerCase().includes(words)) return false;
    return fields.every((field) => {
      if (!field.value) return true;
      const text = row.cells[field.dataset.column].textContent.trim();
      if (!field.dataset.limit) return text === field.value;
      const own = number(text);
      return field.dataset.limit === "high" ? own <= Number(field.value) : own >= Number(field.value);
    });
  }

  function choose(part) {
    const words = part.querySelector("[data-words]").value.trim().toLowerCase();
    const fields = [...part.querySelectorAll(".filters [data-column]")];
    const rows = [...part.querySelector("tbody").rows];
    for (const row of rows) row.hidden = !fits(row, words, fields);
    const away = new Set(rows.filter((row) => row.hidden).map((row) => row.dataset.row));
    const own = new Set(rows.map((row) => row.dataset.row));
    for (const mark of document.querySelectorAll(".chart [data-row]")) {
      if (own.has(mark.dataset.row)) mark.classList.toggle("away", away.has(mark.dataset.row));
    }
    answer(part, rows.filter((row) => fits(row, words, fields.filter((field) => field !== budget(part)))));
    part.querySelector("output").textContent = `${rows.length - away.size} of ${rows.length} rows`;
    keep(`${part.dataset.kind}.words`, words);
    for (const field of fields) keep(nameOf(part, field), field.value);
  }

  // Which to take: of the rows that nothing but the limit of time may leave out, each with the ends of its interval.
  const budget = (part) => part.querySelector("[data-budget]");

  function answer(part, rows) {
    const place = part.querySelector(".answer");
    const limit = Number(budget(part)?.value);
    if (!place) return;
    const known = rows.map((row) => ({ row: row.dataset.row, ...data.rows[row.dataset.row].choice })).filter((it) => it.top1);
    const within = (it) => it.high !== null && it.high <= limit;
    const best = known.filter(within).sort((a, b) => b.top1 - a.top1 || a.high - b.high)[0];
    const open = known.filter((it) => !within(it) && it.low <= limit && !(it.top1 <= best?.top1)).sort((a, b) => b.top1 - a.top1);
    place.hidden = !limit || !known.length;
    place.replaceChildren(element("p", best ? `The most accurate that surely takes at most ${limit} ms:` : `None surely takes at most ${limit} ms.`));
    if (best) place.append(links([best]));
    if (open.length) place.append(element("p", `More accurate, and open whether within ${limit} ms${open.length > 4 ? `, 4 of ${open.length}` : ""}:`), links(open.slice(0, 4)));
  }

  function links(found) {
    const list = element("ul");
    for (const it of found) {
      const item = element("li");
      item.append(element("button", it.told, { type: "button", class: "open", "data-row": it.row }));
      list.append(item);
    }
    return list;
  }

  const headings = (part) => [...part.querySelector("thead tr").cells].map((head) => head.textContent);
  const nameOf = (part, field) => [part.dataset.kind, headings(part)[field.dataset.column], field.dataset.limit].filter(Boolean).join(".");

  function restore(part) {
    const kind = part.dataset.kind;
    part.querySelector("[data-words]").value = state.get(`${kind}.words`) ?? "";
    for (const field of part.querySelectorAll(".filters [data-column]")) {
      field.value = state.get(nameOf(part, field)) ?? "";
    }
    const table = part.querySelector("table");
    const [, name, direction] = (state.get(`${kind}.sort`) ?? "").match(/^(.*) (ascending|descending)$/) ?? [];
    const column = headings(part).indexOf(name);
    if (column >= 0) sort(table, column, direction);
    choose(part);
  }

  function chosenCsv(part) {
    const rows = [...part.querySelector("tbody").rows].filter((row) => !row.hidden);
    return [data.heads[part.dataset.kind], ...rows.map((row) => data.csv[Number(row.dataset.row)])].join("\n") + "\n";
  }

  // One row
  const samplesOf = (unit, whole) => whole.map((each) => each * unit);

  function strip(found, across) {
    const all = found.samples.flatMap(([, unit, whole]) => samplesOf(unit, whole));
    const [low, high] = all.reduce(([a, b], each) => [Math.min(a, each), Math.max(b, each)], [Infinity, 0]);
    const label = `Raw samples by round, from ${(low * 1e3).toPrecision(4)} to ${(high * 1e3).toPrecision(4)} ms`;
    const picture = drawn("svg", { class: "strip", viewBox: `0 0 ${across} 170`, role: "img", "aria-label": label });
    const y = (each) => 140 - (high > low ? (each - low) / (high - low) : 0.5) * 125;
    const width = (across - 60) / found.samples.length;
    const every = Math.ceil((7 * Math.max(...found.samples.map(([name]) => name.length))) / width); // names that have room
    found.samples.forEach(([name, unit, whole], index) => {
      const left = 55 + index * width;
      picture.append(drawn("path", { d: `M${left} 8V148` }), drawn("text", { x: left + 4, y: 160 }, index % every ? "" : name));
      samplesOf(unit, whole).forEach((each, place) => {
        const x = left + 6 + (place / whole.length) * (width - 10);
        picture.append(drawn("circle", { cx: x.toFixed(1), cy: y(each).toFixed(1), r: 2.2, class: `s${index % 8}` }));
      });
    });
    picture.append(drawn("text", { x: 0, y: 18 }, (high * 1e3).toPrecision(3)), drawn("text", { x: 0, y: 143 }, `${(low * 1e3).toPrecision(3)} ms`));
    return picture;
  }

  function copyButton(text, label) {
    const button = element("button", "copy", { type: "button", "aria-label": label });
    button.addEventListener("click", () => copy(button, text));
    return button;
  }

  function lines(pairs, commands) {
    const list = element("dl");
    for (const [name, said] of pairs) {
      const value = element("dd", said);
      if (commands) value.append(" ", copyButton(said, `Copy: ${name}`));
      list.append(element("dt", name), value);
    }
    return list;
  }

  function open(index) {
    const found = data.rows[index];
    if (!found) return;
    if (!dialog.open) dialog.showModal();
    const body = document.getElementById("detail-body");
    document.getElementById("detail-head").textContent = found.title;
    body.replaceChildren(element("p", found.run));
    const groups = found.groups.filter(([title]) => title !== "again");
    const again = found.groups.find(([title]) => title === "again");
    if (found.samples.length) {
      const raw = found.samples.flatMap(([name, unit, whole]) => samplesOf(unit, whole).map((each) => `${name},${each.toPrecision(5)}`));
      const buttons = element("p", `${raw.length} raw samples, as CSV in seconds of a call: `);
      buttons.append(copyButton(["of,sample_s", ...raw].join("\n") + "\n", "Copy the raw samples as CSV"));
      body.append(element("h3", "raw samples"), strip(found, body.clientWidth), buttons);
    }
    for (const [title, pairs] of [groups[1], again, groups[0], ...groups.slice(2)]) {
      body.append(element("h3", title === "again" ? "measure again" : title), lines(pairs, title === "again"));
    }
    keep("row", String(index));
    document.querySelectorAll("tr.at").forEach((row) => row.classList.remove("at"));
    document.getElementById(`r${index}`)?.classList.add("at");
    dialog.scrollTop = 0;
  }

  dialog?.addEventListener("close", () => keep("row", ""));

  // Marks: one stop of the tab key for each picture, arrows within.
  function hint(mark) {
    const box = mark.getBoundingClientRect();
    tip.textContent = mark.getAttribute("aria-label");
    tip.hidden = false;
    tip.style.left = `${Math.max(4, Math.min(box.left, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${box.top > 60 ? box.top - tip.offsetHeight - 6 : box.bottom + 6}px`;
  }

  function step(picture, mark, by) {
    const marks = [...picture.querySelectorAll(".mark:not(.away)")];
    const next = marks[(marks.indexOf(mark) + by + marks.length) % marks.length];
    mark.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  }

  for (const picture of document.querySelectorAll(".chart")) {
    picture.querySelectorAll(".mark").forEach((mark, index) => mark.setAttribute("tabindex", index ? "-1" : "0"));
    picture.addEventListener("pointerover", (event) => { const mark = event.target.closest(".mark"); if (mark) hint(mark); });
    picture.addEventListener("focusin", (event) => { const mark = event.target.closest(".mark"); if (mark) hint(mark); });
    picture.addEventListener("pointerout", () => { tip.hidden = true; });
    picture.addEventListener("focusout", () => { tip.hidden = true; });
    picture.addEventListener("keydown", (event) => {
      const mark = event.target.closest(".mark");
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!mark || !by) return;
      event.preventDefault();
      step(picture, mark, by);
    });
  }
  addEventListener("scroll", () => { // the keys move the page under the mark that they reach
    if (document.activeElement.matches(".mark")) hint(document.activeElement); else if (tip) tip.hidden = true;
  }, { passive: true });

  document.addEventListener("click", (event) => {
    const copied = event.target.closest("[data-copy]");
    const mark = event.target.closest(".mark[data-row]");
    const opened = event.target.closest("button.open");
    if (copied) copy(copied, copied.dataset.copy);
    if (mark) { event.preventDefault(); open(Number(mark.dataset.row)); }
    if (opened) open(Number(opened.closest("[data-row]").dataset.row));
  });

  for (const part of tables) {
    part.querySelector(".filters").addEventListener("input", () => choose(part));
    part.querySelector("[data-reset]").addEventListener("click", () => {
      part.querySelectorAll(".filters input, .filters select").forEach((field) => { field.value = ""; });
      choose(part);
    });
    part.querySelector("[data-csv]").addEventListener("click", () => save("table.csv", chosenCsv(part)));
    sortable(part.querySelector("table"), part.dataset.kind);
    if ([...state.keys()].some((key) => key.startsWith(part.dataset.kind))) restore(part);
  }
  document.querySelectorAll("table.sortable").forEach((table) => sortable(table, ""));
  if (state.has("row")) open(Number(state.get("row")));
})();
