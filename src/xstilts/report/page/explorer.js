(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("explorer-data").textContent);
  const root = document.getElementById("explorer");
  if (!root) return;

  const [SCORE, GAIN, LOW, HIGH, SEEDS, N] = [0, 1, 2, 3, 4, 5];
  const pairs = (names) => names.map((name) => [name, name]);
  const arms = data.arms.map((arm) => [arm.id, arm.label]);
  const armLabel = Object.fromEntries(arms);
  const targets = Object.fromEntries(data.targets.map((target) => [target.id, target]));
  const choices = {
    model: data.models, split: data.splits, target: data.targets.map((target) => target.id),
    arm: data.arms.map((arm) => arm.id), language: Object.keys(data.languages),
    measure: ["gain", "score"], order: ["distance", "value", "name"],
  };
  const state = {
    model: data.models[0],
    split: data.splits[0],
    target: data.targets[0].id,
    arm: (data.arms.find((arm) => arm.id !== data.baseline) || data.arms[0]).id,
    language: data.targets[0].codes.at(-1),
    measure: "gain",
    order: "distance",
  };

  // the address of a view is #explore?target=xnli&language=de…; whatever it says that the study lacks is ignored
  const VIEW = "#explore?";
  const address = () => VIEW + new URLSearchParams(state);
  function readAddress() {
    if (!location.hash.startsWith(VIEW)) return false;
    for (const [key, value] of new URLSearchParams(location.hash.slice(VIEW.length))) {
      if (Object.hasOwn(choices, key) && choices[key].includes(value)) state[key] = value;
    }
    return true;
  }

  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const languageName = (code) => data.means[code] || data.languages[code].name;
  const cell = (arm, code) => data.cells[state.model]?.[state.split]?.[state.target]?.[arm]?.[code];
  const fixed = (value) => value.toFixed(1).replace("-", "−");
  const signed = (value) => {
    const text = (value > 0 ? "+" : "") + fixed(value);
    return /^[+−]0\.0$/.test(text) ? "0.0" : text;
  };
  // the baseline has no gain: its scores are always shown
  const shows = (arm) => (arm === data.baseline ? "score" : state.measure);
  const valueOf = (numbers, measure) => (numbers ? numbers[measure === "gain" ? GAIN : SCORE] : null);

  function describe(arm, code) {
    const numbers = cell(arm, code);
    const place = `${targets[state.target].label}, ${languageName(code)}, ${armLabel[arm]}: `;
    if (!numbers) return place + "not scored.";
    const parts = [`${fixed(numbers[SCORE])} points`];
    if (numbers[GAIN] !== null) parts.push(`gain ${signed(numbers[GAIN])}`);
    if (numbers[LOW] !== null) parts.push(`from ${signed(numbers[LOW])} to ${signed(numbers[HIGH])} by seed`);
    parts.push(`${numbers[N].toLocaleString("en")} examples`);
    parts.push(data.seeds > 1 ? `${numbers[SEEDS]} of ${data.seeds} seeds` : "one seed");
    const language = data.languages[code], facts = [];
    if (language && language.family !== null) facts.push(`family ${language.family}`);
    if (language && language.distance !== null) facts.push(`distance to English ${language.distance.toFixed(2)}`);
    if (facts.length) parts.push(facts.join(", "));
    return place + parts.join("; ") + ".";
  }

  function control(label, key, options) {
    const box = make("label", "", label);
    const select = make("select");
    for (const [value, text] of options) {
      const option = make("option", "", text);
      option.value = value;
      select.append(option);
    }
    select.value = state[key];
    select.dataset.key = key;
    select.addEventListener("change", () => { state[key] = select.value; update(); keep(); });
    box.append(select);
    box.hidden = options.length < 2;
    return box;
  }

  function piece(className, from, to) {
    const mark = make("i", className);
    mark.style.left = `${from}%`;
    mark.style.width = className === "zero" ? "" : `${Math.max(to - from, 0)}%`;
    return mark;
  }

  // rows: {arm, code, name, measure, mean, pressed, choose}
  function draw(place, rows) {
    const measures = rows.filter((row) => valueOf(cell(row.arm, row.code), row.measure) !== null);
    const ends = measures.flatMap((row) => {
      const numbers = cell(row.arm, row.code);
      return row.measure === "gain" ? [numbers[GAIN], numbers[LOW] ?? 0, numbers[HIGH] ?? 0] : [numbers[SCORE]];
    });
    const low = Math.min(0, ...ends), high = Math.max(0, ...ends);
    const at = (value) => (high > low ? (100 * (value - low)) / (high - low) : 0);
    place.replaceChildren(...rows.map((row) => {
      const numbers = cell(row.arm, row.code), value = valueOf(numbers, row.measure);
      const bar = make("button", row.mean ? "bar mean" : "bar");
      bar.type = "button";
      bar.dataset.key = `${place.id} ${row.code} ${row.arm}`;
      const track = make("span", "track");
      if (value !== null) {
        const kind = row.measure === "score" ? "level" : value < 0 ? "loss" : "gain";
        track.append(piece(kind, at(Math.min(0, value)), at(Math.max(0, value))));
        if (row.measure === "gain" && numbers[LOW] !== null) track.append(piece("range", at(numbers[LOW]), at(numbers[HIGH])));
      }
      if (measures.length) track.append(piece("zero", at(0)));
      const text = value === null ? "–" : row.measure === "gain" ? signed(value) : fixed(value);
      bar.append(make("span", "bar-name", row.name), track, make("span", "bar-value", text));
      bar.title = describe(row.arm, row.code);
      bar.setAttribute("aria-label", bar.title);
      bar.setAttribute("aria-pressed", String(Boolean(row.pressed)));
      for (const event of ["mouseenter", "focus"]) bar.addEventListener(event, () => { readout.textContent = bar.title; });
      bar.addEventListener("click", () => { row.choose(); update(); keep(); });
      return bar;
    }));
  }

  function sorted(codes) {
    const value = (code) => valueOf(cell(state.arm, code), shows(state.arm)) ?? -Infinity;
    const distance = (code) => data.languages[code].distance ?? Number.MAX_VALUE; // unknown distances come last
    const by = {
      distance: (a, b) => distance(a) - distance(b),
      value: (a, b) => (value(b) > value(a)) - (value(b) < value(a)),
      name: (a, b) => languageName(a).localeCompare(languageName(b), "en"),
    };
    return [...codes].sort(by[state.order]);
  }

  // which arm is best for the chosen language and task, in a sentence
  function answer() {
    const place = `${targets[state.target].label}, ${languageName(state.language)}: `;
    const compared = data.arms.filter((arm) => arm.competes)
      .map((arm) => [arm.label, cell(arm.id, state.language)]).filter(([, numbers]) => numbers && numbers[GAIN] !== null)
      .sort((a, b) => b[1][GAIN] - a[1][GAIN]);
    const guessing = targets[state.target].chance;
    const base = cell(data.baseline, state.language);
    if (!compared.length) return place + "no arm can be compared with the baseline.";
    const range = (numbers) => (numbers[LOW] === null ? "" : ` (${signed(numbers[LOW])} to ${signed(numbers[HIGH])} by seed)`);
    const [label, best] = compared[0];
    const helping = compared.filter(([, numbers]) => numbers[GAIN] > 0).length;
    const text = best[GAIN] > 0
      ? `${label} helps most, ${signed(best[GAIN])} points${range(best)}; ${helping} of ${compared.length} arms gain.`
      : `no arm helps; ${label} loses least, ${signed(best[GAIN])} points${range(best)}.`;
    const level = base ? ` Without an arm: ${fixed(base[SCORE])} points (chance ${fixed(guessing)}).` : "";
    return place + text + level + (data.seeds < 2 ? " One seed." : "");
  }

  // languages × arms of the chosen target, and the same as CSV
  function shades(gain, largest) {
    if (gain === null || largest <= 0 || signed(gain) === "0.0") return "";
    return `${gain > 0 ? "gain" : "loss"}-${Math.min(3, 1 + Math.floor((3 * Math.abs(gain)) / largest))}`;
  }

  function tabulate(rows) {
    const gains = data.arms.filter((arm) => arm.competes)
      .flatMap((arm) => rows.map((code) => cell(arm.id, code)?.[GAIN] ?? 0)).map(Math.abs);
    const largest = Math.max(0, ...gains);
    const head = make("tr");
    head.append(...["language", ...arms.map(([, label]) => label)].map((text) => {
      const box = make("th", "", text);
      box.scope = "col";
      return box;
    }));
    const body = make("tbody");
    for (const code of rows) {
      const row = make("tr"), name = make("th", "", languageName(code));
      name.scope = "row";
      row.append(name, ...arms.map(([arm]) => {
        const numbers = cell(arm, code), measure = shows(arm), value = valueOf(numbers, measure);
        const text = value === null ? "–" : measure === "gain" ? signed(value) : fixed(value);
        return make("td", measure === "gain" ? shades(value, largest) : "", text);
      }));
      body.append(row);
    }
    const caption = make("caption"), top = make("thead");
    caption.append(make("span", "", `${targets[state.target].label}, ${state.model}, ${state.split} split`));
    top.append(head);
    document.getElementById("explorer-table").replaceChildren(caption, top, body);
  }

  function csv() {
    const quoted = (value) => `"${String(value).replaceAll('"', '""')}"`;
    const lines = ["model,split,target,language,arm,score,gain,low,high,seeds,n"];
    for (const code of targets[state.target].codes) for (const [arm] of arms) {
      const numbers = cell(arm, code);
      if (numbers) lines.push([state.model, state.split, state.target, code, arm].map(quoted).join() + "," + numbers.map((one) => one ?? "").join());
    }
    return lines.join("\n") + "\n";
  }

  const readout = document.getElementById("explorer-readout");
  const controls = document.getElementById("explorer-controls");

  // whoever chooses changes the address too, so that it can be copied and kept
  const keep = () => history.replaceState(null, "", address());

  // everything is rebuilt; the element with the keyboard focus gets it back
  function update() {
    const focused = document.activeElement?.dataset?.key;
    const target = targets[state.target];
    if (!target.codes.includes(state.language)) state.language = target.codes.at(-1);
    const measure = shows(state.arm), what = measure === "gain" ? "gain" : target.metric;
    document.getElementById("explorer-languages-title").textContent =
      `${target.label}, ${armLabel[state.arm]}: ${what} by language`;
    const means = Object.keys(data.means).filter((mean) => cell(data.baseline, mean) || cell(state.arm, mean));
    const choose = (code) => () => { if (!(code in data.means)) { state.language = code; } };
    draw(document.getElementById("explorer-languages"), [...means, ...sorted(target.codes)].map((code) => ({
      arm: state.arm, code, measure, mean: code in data.means, pressed: code === state.language,
      name: languageName(code), choose: choose(code),
    })));
    const shown = data.arms.filter((arm) => state.measure === "score" || arm.id !== data.baseline);
    document.getElementById("explorer-arms-title").textContent =
      `${target.label}, ${languageName(state.language)}: ${state.measure === "gain" ? "gain" : target.metric} by arm`;
    draw(document.getElementById("explorer-arms"), shown.map((arm) => ({
      arm: arm.id, code: state.language, measure: state.measure, pressed: arm.id === state.arm, name: arm.label,
      choose: () => { state.arm = arm.id; },
    })));
    const languages = sorted(target.codes).map((code) => [code, languageName(code)]);
    controls.replaceChildren(
      control("task", "target", data.targets.map((one) => [one.id, one.label])),
      control("language", "language", languages),
      control("arm", "arm", arms),
      control("model", "model", pairs(data.models)),
      control("split", "split", pairs(data.splits)),
      control("show", "measure", [["gain", "gains over the baseline"], ["score", "scores"]]),
      control("languages in order of", "order", [["distance", "distance to English"], ["value", "value"], ["name", "name"]]),
    );
    document.getElementById("explorer-answer").textContent = answer();
    readout.textContent = describe(state.arm, state.language);
    tabulate([...means, ...sorted(target.codes)]);
    document.getElementById("explorer-link").setAttribute("href", address());
    const file = document.getElementById("explorer-csv");
    file.setAttribute("href", `data:text/csv;charset=utf-8,${encodeURIComponent(csv())}`);
    file.setAttribute("download", `${state.model}_${state.split}_${state.target}.csv`);
    if (focused) root.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({preventScroll: true});
  }

  const asked = readAddress();
  update();
  root.hidden = false;
  if (asked) document.getElementById("languages").scrollIntoView();
  addEventListener("hashchange", () => { if (readAddress()) update(); });
})();
