"use strict";

// element returns a new element. Children are nodes or strings.
function element(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children);
  return e;
}

// callAPI makes one call and returns what a script can see of it: status and
// headers, or the error, which is the same whatever the browser objects to. It
// uses nothing from outside, so that it can be copied into a frame.
async function callAPI(url, call) {
  const options = {
    method: call.method,
    credentials: call.credentials ? "include" : "omit",
    cache: "no-store",
    signal: AbortSignal.timeout(10000),
  };
  if (call.header) options.headers = { [call.header]: "1" };
  try {
    const response = await fetch(url + call.path, options);
    return {
      status: response.status,
      // The CORS-safelisted ones are always readable and depend on the
      // framework's body.
      headers: [...response.headers].filter(([name]) => name.startsWith("x-")).map((field) => field.join(": ")),
    };
  } catch (error) {
    return { error: `${error.name}: ${error.message}` };
  }
}

// openFrame returns a function like callAPI that makes the call from a frame
// with a data: URL, whose origin is null.
function openFrame() {
  const script = `${callAPI}
    onmessage = async ({ data, ports: [port] }) => port.postMessage(await callAPI(data.url, data.call));`;
  const src = "data:text/html," + encodeURIComponent(`<script>${script}</script>`);
  const frame = element("iframe", { src, hidden: "", title: "a frame without an origin of its own" });
  const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
  document.body.append(frame);
  return async (url, call) => {
    await loaded;
    const { port1, port2 } = new MessageChannel();
    const answer = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
    // The frame has no origin that could be named.
    frame.contentWindow.postMessage({ url, call }, "*", [port2]);
    return answer;
  };
}

// explain asks the policy about a call.
async function explain(origin, call) {
  const response = await fetch("explain", { method: "POST", body: JSON.stringify({ origin, call }) });
  return response.json();
}

function describeOrigin(demo) {
  const allowed = location.origin === demo.allowed;
  const other = allowed ? demo.refused : demo.allowed;
  document.title = `${allowed ? "Listed" : "Not listed"}: ${location.origin}`;
  document.getElementById("origin").className = `card ${allowed ? "allowed" : "blocked"}`;
  document.getElementById("origin").replaceChildren(
    element("p", {}, "This page's origin is ", element("code", {}, location.origin), ". ",
      element("strong", {}, allowed ? "The policy lists it." : "The policy does not list it.")),
    element("p", {}, "To compare, open the same page from an origin that ",
      allowed ? "the policy does not list: " : "the policy lists: ", element("a", { href: other }, other)),
  );
  document.getElementById("policy").textContent = demo.policy;
}

function table(heading, demo) {
  const body = element("tbody", {});
  document.getElementById("calls").append(
    element("h2", {}, heading),
    element("div", { class: "scroll card" },
      element("table", {},
        element("thead", {},
          element("tr", {},
            element("th", { scope: "col" }, "call"),
            ...demo.apis.map(({ name, url }) =>
              element("th", { scope: "col" }, name, element("small", {}, url.replace("http://", ""))))),
        ),
        body)),
  );
  return body;
}

function describeCall(call, why) {
  const title = element("div", { class: "call" }, element("code", {}, `${call.method} ${call.path}`));
  if (call.header) title.append(element("code", { class: "tag" }, call.header));
  if (call.credentials) title.append(element("span", { class: "tag" }, "credentials"));
  return element("th", { scope: "row" }, title, element("div", { class: "shows" }, call.shows), why);
}

// cell shows what became of a call. A script cannot tell an answer that the
// browser keeps from it from no answer at all; the policy can.
function cell(outcome, why) {
  if (!outcome.error) {
    return element("td", { class: "allowed" },
      element("b", {}, "✓ allowed"),
      element("span", {}, `status ${outcome.status}`),
      ...outcome.headers.map((header) => element("span", {}, header)));
  }
  return element("td", { class: "blocked", title: outcome.error },
    element("b", {}, why.allowed ? "✕ failed" : "✕ blocked"),
    element("span", {}, why.allowed ? "no answer" : "response hidden"),
    element("span", {}, outcome.error.split(":")[0]));
}

// verdict sums up the rows: in a good one the outcomes are equal, and what the
// policy says they are.
function verdict(rows) {
  const good = ({ why, outcomes: [first, ...others] }) =>
    !first.error === why.allowed && others.every((other) => JSON.stringify(other) === JSON.stringify(first));
  const bad = rows.filter((row) => !good(row)).length;
  const p = document.getElementById("verdict");
  p.hidden = false;
  p.className = `card ${bad ? "blocked" : "allowed"}`;
  p.replaceChildren(
    element("strong", {}, bad ? "The columns differ from each other, or from the policy. " : "The columns are identical. "),
    bad ? `Look at ${bad} of the ${rows.length} calls.` : `${rows.length} calls, ${rows[0].outcomes.length} frameworks, one policy.`);
}

// show adds a row for a call, makes it, and fills the row in.
async function show(body, demo, call, origin, send) {
  const cells = demo.apis.map(() => element("td", { class: "waiting" }, "…"));
  const reason = element("div", { class: "why" }, "…");
  body.append(element("tr", {}, describeCall(call, reason), ...cells));
  const [why, ...outcomes] = await Promise.all([explain(origin, call), ...demo.apis.map((api) => send(api.url, call))]);
  cells.forEach((waiting, i) => waiting.replaceWith(cell(outcomes[i], why)));
  reason.replaceChildren(element("code", { class: why.allowed ? "allowed" : "blocked" }, why.reason), " ", why.text);
  return { why, outcomes };
}

async function run() {
  const demo = await (await fetch("demo.json")).json();
  describeOrigin(demo);
  const rows = [];
  for (const part of [
    { heading: "From this page", from: "allowed", origin: location.origin, send: callAPI },
    { heading: "From a frame with a data: URL, whose origin is null", from: "null", origin: "null", send: openFrame() },
  ]) {
    const body = table(part.heading, demo);
    for (const call of demo.calls.filter((call) => call.from === part.from)) {
      rows.push(show(body, demo, call, part.origin, part.send));
    }
  }
  verdict(await Promise.all(rows));
}

run().catch((error) => {
  document.getElementById("origin").replaceChildren(
    element("p", {}, `The demo does not answer (${error.message}): start it again and open the page that it names.`));
});
