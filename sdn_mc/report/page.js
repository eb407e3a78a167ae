"use strict";
// Draws every figure of the page, and the globe. Its state is window.sdn, so that it can be checked.
(function () {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const config = { displaylogo: false, responsive: false, displayModeBar: false,
    plotGlPixelRatio: window.devicePixelRatio || 1 };
  window.sdn = { ready: false, errors: [] };
  window.addEventListener("error", (event) => window.sdn.errors.push(event.message));

  function bytes(text) {
    const raw = atob(text), found = new Uint8Array(raw.length);
    for (let k = 0; k < raw.length; k++) found[k] = raw.charCodeAt(k);
    return found;
  }
  const int16 = (text) => new Int16Array(bytes(text).buffer);
  const uint32 = (text) => new Uint32Array(bytes(text).buffer);
  const row = (flags, n, k) => {  // row k of bits padded to whole bytes
    const width = Math.ceil(n / 8);
    return { at: (i) => (flags[k * width + (i >> 3)] >> (i & 7)) & 1 };
  };

  function plots() {
    for (const div of document.querySelectorAll(".plot[data-plot]")) {
      const figure = read(div.dataset.plot);
      Plotly.newPlot(div, figure.data, figure.layout, config);
    }
  }

  function merged(a, b) {  // b laid over a; lists are replaced whole
    const plain = (v) => v !== null && typeof v === "object" && !Array.isArray(v);
    if (!plain(a) || !plain(b)) return b;
    const found = { ...a };
    for (const key of Object.keys(b)) found[key] = key in a ? merged(a[key], b[key]) : b[key];
    return found;
  }

  function explored() {  // figures with menus: each choice is a view, laid over the frame
    for (const div of document.querySelectorAll(".plot[data-views]")) {
      const { frame, views } = read(div.dataset.views), name = div.id.slice("plot-of-".length);
      const menus = [...document.querySelectorAll(`.menus select[data-of="${name}"]`)];
      const show = () => {
        for (const menu of menus) menu.disabled = false;
        for (const menu of menus) {
          if (menu.dataset.frees) menus[+menu.dataset.frees.split(",")[+menu.value]].disabled = true;
        }
        const view = views[menus.map((menu) => (menu.disabled ? 0 : menu.value)).join(",")];
        const all = frame.data, last = all.length - 1;
        const data = all.map((trace, k) => merged(trace, (k < last ? view.data[k] : view.last) || { visible: false }));
        Plotly.react(div, data, merged(frame.layout, view.layout), config);
      };
      for (const menu of menus) menu.onchange = show;
      show();
    }
    for (const link of document.querySelectorAll("a[data-as]")) {  // one table serves many figures
      link.href = document.getElementById(link.dataset.as).href;
    }
  }

  function save(name, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  // ---- the globe

  const COLOUR = { up: "rgba(70,110,150,0.8)", lost: "#d55e00", sat: "#1f4e79", route: "#000000",
    site: "#cc79a7" };
  const ZOOM = 1.95;  // fills the frame
  const TRACE = { links: 2, gone: 3, sats: 4, lost: 5, route: 6, ends: 7 };

  function globe(data) {
    const div = document.getElementById("globe-plot");
    const n_sat = data.sat.length, epochs = {}, draws = {};
    const serves = row(bytes(data.serves), n_sat, 0);
    const state = { draw: 0, time: 0, pair: 0, mesh: n_sat <= 3000, playing: null };

    function epoch(name) {
      if (!epochs[name]) {
        const raw = data.epochs[name];
        epochs[name] = { raw, sat: int16(raw.sat), place: int16(raw.place), link: uint32(raw.link) };
      }
      return epochs[name];
    }
    function drawn(k) {
      if (!draws[k]) {
        const raw = data.draws[k];
        draws[k] = { raw, sat_lost: bytes(raw.sat_lost), link_up: bytes(raw.link_up),
          link_lost: bytes(raw.link_lost) };
      }
      return draws[k];
    }
    const point = (array, n, frame, k, scale) => {
      const at = 3 * (frame * n + k);
      return [array[at] * scale, array[at + 1] * scale, array[at + 2] * scale];
    };

    function lines(pairs, place) {
      const x = new Float32Array(3 * pairs.length), y = new Float32Array(3 * pairs.length),
        z = new Float32Array(3 * pairs.length);
      pairs.forEach(([a, b], k) => {
        const p = place(a), q = place(b);
        x.set([p[0], q[0], NaN], 3 * k); y.set([p[1], q[1], NaN], 3 * k);
        z.set([p[2], q[2], NaN], 3 * k);
      });
      return { x, y, z };
    }
    function points(list, place, text) {
      const found = { x: new Float32Array(list.length), y: new Float32Array(list.length),
        z: new Float32Array(list.length), text: list.map(text) };
      list.forEach((k, i) => { [found.x[i], found.y[i], found.z[i]] = place(k); });
      return found;
    }

    function view() {  // everything that the present state shows
      const one = drawn(state.draw), at = epoch(String(one.raw.epoch)), frame = state.time;
      const scale = at.raw.scale_km, n_link = at.raw.n_link, n_site = data.site.length;
      const sat = (k) => point(at.sat, n_sat, frame, k, scale);
      const site = (k) => point(at.place, n_site, frame, k, scale);
      const lost = row(one.sat_lost, n_sat, frame), up = row(one.link_up, n_link, frame),
        gone = row(one.link_lost, n_link, frame);
      const there = [], out = [], links = [], missing = [];
      for (let k = 0; k < n_sat; k++) if (lost.at(k)) out.push(k); else if (serves.at(k)) there.push(k);
      for (let k = 0; k < n_link; k++) {
        const pair = [at.link[2 * k], at.link[2 * k + 1]];
        if (up.at(k)) links.push(pair); else if (gone.at(k)) missing.push(pair);
      }
      const route = one.raw.routes[frame][state.pair];
      const stops = route === null ? [] : [site(route.source), ...route.sat.map(sat), site(route.destination)];
      return { one, at, sat, site, there, out, links, missing, route, stops };
    }

    function traces(v) {
      const name = (k) => data.sat[k];
      const ends = ends_of(v);
      const mesh = state.mesh ? v.links : [], missing = state.mesh ? v.missing : [];
      return [
        lines(mesh, v.sat), lines(missing, v.sat), points(v.there, v.sat, name),
        points(v.out, v.sat, (k) => name(k) + ": lost"),
        { x: v.stops.map((p) => p[0]), y: v.stops.map((p) => p[1]), z: v.stops.map((p) => p[2]),
          text: v.route === null ? [] : [data.site[v.route.source], ...v.route.sat.map(name),
            data.site[v.route.destination]] },
        points(ends, (k) => v.site(k).map((c) => 1.01 * c), (k) => data.site[k]),
      ];
    }

    function earth() {  // a ball of triangles
      const r = 0.992 * data.earth_km, n = 48, m = n / 2, x = [], y = [], z = [], i = [], j = [], k = [];
      for (let a = 0; a <= m; a++) {
        for (let b = 0; b < n; b++) {
          const lat = Math.PI * (a / m - 0.5), lon = 2 * Math.PI * b / n, next = (b + 1) % n;
          x.push(r * Math.cos(lat) * Math.cos(lon)); y.push(r * Math.cos(lat) * Math.sin(lon));
          z.push(r * Math.sin(lat));
          if (a === m) continue;
          i.push(a * n + b, a * n + next); j.push(a * n + next, (a + 1) * n + next);
          k.push((a + 1) * n + b, (a + 1) * n + b);
        }
      }
      return { type: "mesh3d", x, y, z, i, j, k, color: "#dfe9f0", hoverinfo: "skip", flatshading: false,
        lighting: { ambient: 1, diffuse: 0, specular: 0, fresnel: 0 } };
    }
    function coast() {
      const x = [], y = [], z = [], r = data.earth_km;
      for (const [lon, lat] of data.coast) {
        const a = lon * Math.PI / 180, b = lat * Math.PI / 180, none = lon === null;
        x.push(none ? null : r * Math.cos(b) * Math.cos(a));
        y.push(none ? null : r * Math.cos(b) * Math.sin(a)); z.push(none ? null : r * Math.sin(b));
      }
      return { type: "scatter3d", mode: "lines", x, y, z, hoverinfo: "skip",
        line: { color: "#8a8a8a", width: 1.5 } };
    }

    function first() {
      const v = view(), [links, gone, sats, lost, route, ends] = traces(v);
      const size = n_sat > 3000 ? 1.6 : 3, line = (color, width) => ({ type: "scatter3d", mode: "lines",
        line: { color, width }, hoverinfo: "skip" });
      const marks = (color, size, symbol) => ({ type: "scatter3d", mode: "markers", hoverinfo: "text",
        marker: { color, size, symbol, line: { width: 0 } } });
      const eye = facing(v);
      const axis = { visible: false };
      const limit = 1.02 * Math.max(data.earth_km, reach(v));
      const range = { ...axis, range: [-limit, limit] };
      Plotly.newPlot(div, [
        earth(), coast(),
        { ...line(COLOUR.up, 1), ...links }, { ...line(COLOUR.lost, 1.5), ...gone },
        { ...marks(COLOUR.sat, size, "circle"), ...sats },
        { ...marks(COLOUR.lost, size + 1.5, "square"), ...lost },
        { type: "scatter3d", mode: "lines+markers", line: { color: COLOUR.route, width: 6 },
          marker: { color: COLOUR.route, size: 4 }, hoverinfo: "text", ...route },
        { type: "scatter3d", mode: "markers", hoverinfo: "text",
          marker: { color: COLOUR.site, size: 7, symbol: "diamond" }, ...ends },
      ], { width: 700, height: 620, margin: { l: 0, r: 0, t: 0, b: 0 }, showlegend: false,
        paper_bgcolor: "#f4f6f8", font: { size: 13 }, uirevision: "kept",
        scene: { aspectmode: "manual", aspectratio: { x: ZOOM, y: ZOOM, z: ZOOM }, annotations: labels(v), xaxis: range, yaxis: range, zaxis: range,
          camera: { eye, projection: { type: "orthographic" } }, dragmode: "orbit" } }, config);
    }
    function ends_of(v) {  // those of the route, or else of any other that the flow has
      const any = v.route !== null ? v.route : data.draws.flatMap((one) => one.routes)
        .map((frame) => frame[state.pair]).find((route) => route !== null);
      return any === undefined ? [] : [any.source, any.destination];
    }
    function labels(v) {  // above everything, where the globe would hide half of a word
      return ends_of(v).map((k) => {
        const [x, y, z] = v.site(k);
        return { x, y, z, text: data.site[k], showarrow: false, yshift: 20, bgcolor: "rgba(255,255,255,0.6)",
          font: { size: 14, color: "#000" } };
      });
    }
    function reach(v) {
      let most = 0;
      for (const k of v.there) most = Math.max(most, Math.hypot(...v.sat(k)));
      return Math.min(most, 4 * data.earth_km);
    }
    function facing(v) {  // from above the middle of the route
      const sum = [0, 0, 0];
      for (const p of v.stops) for (let i = 0; i < 3; i++) sum[i] += p[i];
      const size = Math.hypot(...sum);
      if (size < 1) return { x: 1.8, y: 0.4, z: 0.8 };
      return { x: 2 * sum[0] / size, y: 2 * sum[1] / size, z: 2 * sum[2] / size };
    }

    function update() {
      const v = view(), all = traces(v), changes = {};
      for (const axis of ["x", "y", "z", "text"]) changes[axis] = all.map((t) => t[axis]);
      const words = JSON.stringify(labels(v));
      const layout = words === labelled ? {} : { "scene.annotations": labels(v) };
      labelled = words;
      Plotly.update(div, changes, layout, Object.values(TRACE));
      dashed(v);
      tell(v);
      later();
    }
    function dashed(v) {  // a route that does not deliver
      const now = v.route !== null && !v.route.delivered;
      if (now === broken) return;
      broken = now;
      Plotly.restyle(div, { "line.color": now ? COLOUR.lost : COLOUR.route,
        "line.dash": now ? "dash" : "solid" }, [TRACE.route]);
    }

    let waiting = null, labelled = "", broken = false;
    function later() {  // paper gets what the screen shows once it rests
      if (waiting !== null) clearTimeout(waiting);
      waiting = setTimeout(() => {
        if (state.playing === null) paper().catch((error) => window.sdn.errors.push(String(error)));
      }, 2000);
    }

    function tell(v) {
      const one = v.one.raw, frame = state.time, time_s = v.at.raw.time_s[frame];
      const text = (id, words) => { document.getElementById(id).textContent = words; };
      text("globe-when", `time ${v.at.raw.time[frame]}: ${(time_s / 3600).toFixed(2)} h after ` + v.at.raw.start);
      const place = `draw ${one.draw} of column ${one.column}, epoch ${one.epoch}`;
      const share = one.availability === null ? "" : `; available over flows ${one.availability.toFixed(4)} of its times`;
      text("globe-draw", (one.column === "healthy" ? `without threats, epoch ${one.epoch}` : place) + share);
      const route = v.route;
      text("globe-route", data.flow[state.pair] + ": " + (route === null ? "no path"
        : route.delivered ? `${route.ms.toFixed(3)} ms over ${route.sat.length - 1} laser links`
          : "routed, but not delivered: a leg is down"));
      const lost = one.lost[frame].filter((each) => each[1] > 0).map(([what, n]) => {
        const [cause, kind] = what.split(": ");
        return `${cause}: ${n} ${kind === "sat" ? "satellite" : kind}${n === 1 ? "" : /(s|x|ch|sh)$/.test(kind) ? "es" : "s"}`;
      });
      text("globe-lost", `${v.there.length} satellites working, ${v.out.length} lost; ${v.links.length} links up, `
        + `${v.missing.length} lost. ` + (lost.length ? "Out by cause: " + lost.join(", ") + "." : ""));
    }

    const control = (id) => document.getElementById("globe-" + id);
    function set(change) {
      Object.assign(state, change);
      controls();
      update();
    }
    function controls() {
      control("choose-draw").value = state.draw; control("choose-pair").value = state.pair;
      control("slider").max = epoch(String(data.draws[state.draw].epoch)).raw.time.length - 1;
      control("slider").value = state.time; control("mesh").checked = state.mesh;
    }
    function play() {
      const n = epoch(String(data.draws[state.draw].epoch)).raw.time.length;
      if (state.playing !== null) { clearInterval(state.playing); state.playing = null; }
      else state.playing = setInterval(() => set({ time: (state.time + 1) % n }), 700);
      control("play").textContent = state.playing === null ? "Play" : "Pause";
    }
    function options(select, names) {
      names.forEach((name, k) => select.add(new Option(name, k)));
    }
    function paths() {  // every route of the shown draws
      const lines = ["draw_shown,column,draw,epoch,time,time_s,flow,latency_ms,delivered,path"];
      for (const one of data.draws) {
        const at = data.epochs[String(one.epoch)];
        one.routes.forEach((frame, t) => frame.forEach((route, f) => {
          const stops = route === null ? "" : [data.site[route.source], ...route.sat.map((k) => data.sat[k]),
            data.site[route.destination]].join(" > ");
          lines.push([`"${one.name}"`, one.column, one.draw, one.epoch, at.time[t], at.time_s[t],
            `"${data.flow[f]}"`, route === null || route.ms === null ? "inf" : route.ms,
            route !== null && route.delivered, `"${stops}"`].join(","));
        }));
      }
      save("paths.csv", lines.join("\n") + "\n");
    }
    function satellites() {  // what is shown now
      const v = view(), lines = ["satellite,x_km,y_km,z_km,state"];
      const add = (list, words) => list.forEach((k) =>
        lines.push([`"${data.sat[k]}"`, ...v.sat(k).map((c) => c.toFixed(1)), words].join(",")));
      add(v.there, "working"); add(v.out, "lost");
      save("satellites.csv", lines.join("\n") + "\n");
    }

    options(control("choose-draw"), data.draws.map((one) => one.column === "healthy" ? one.name
      : `${one.name}: ${one.column}, draw ${one.draw}`));
    options(control("choose-pair"), data.flow);
    control("choose-draw").onchange = (e) => set({ draw: +e.target.value, time: 0 });
    control("choose-pair").onchange = (e) => set({ pair: +e.target.value });
    control("slider").oninput = (e) => set({ time: +e.target.value });
    control("mesh").onchange = (e) => set({ mesh: e.target.checked });
    control("play").onclick = play;
    control("paths").onclick = (e) => { e.preventDefault(); paths(); };
    control("satellites").onclick = (e) => { e.preventDefault(); satellites(); };
    state.draw = data.draws.length > 1 ? 1 : 0;
    state.pair = Math.max(0, data.draws[state.draw].routes[0].findIndex((route) => route !== null));
    first();
    Object.assign(window.sdn, { state, set, play,
      shown: () => {  // from the traces that are on the page, not from what they were made of
        const t = div.data, n = (k) => t[k].x.length;
        return { draw: data.draws[state.draw].draw, column: data.draws[state.draw].column,
          time: epoch(String(data.draws[state.draw].epoch)).raw.time[state.time],
          flow: data.flow_index[state.pair], satellites: Array.from(t[TRACE.sats].text),
          lost: Array.from(t[TRACE.lost].text), n_link: n(TRACE.links) / 3, n_gone: n(TRACE.gone) / 3,
          route: Array.from(t[TRACE.route].text), x: Array.from(t[TRACE.sats].x),
          y: Array.from(t[TRACE.sats].y), z: Array.from(t[TRACE.sats].z),
          words: control("route").textContent };
      } });
    controls();
    const v = view();
    labelled = JSON.stringify(labels(v));
    dashed(v);
    tell(v);
    later();
  }

  function paper() {  // browsers do not print every canvas
    const div = document.getElementById("globe-plot"), image = document.getElementById("globe-paper");
    return Plotly.toImage(div, { format: "png", width: 700, height: 620 }).then((url) => {
      image.src = url;
      div.classList.add("on-paper");
    });
  }

  window.addEventListener("DOMContentLoaded", () => {
    const has = document.getElementById("data-globe") !== null;
    if (has) globe(read("data-globe"));
    plots();
    explored();
    window.sdn.ready = true;
  });
})();
