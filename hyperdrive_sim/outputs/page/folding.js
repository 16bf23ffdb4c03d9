// Sections that fold: a link to one opens it, a button folds and unfolds all, and on paper all are open.

const folded = () => [...document.querySelectorAll("details:not([open])")];
const opened = () => [...document.querySelectorAll("details.part[open]")];

function reveal(hash) {
  const target = document.getElementById(decodeURIComponent(hash.slice(1)));
  for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  return target;
}

function foldable() {
  addEventListener("click", ({ target }) => reveal(target.closest?.("a[href^='#']")?.hash ?? ""));
  addEventListener("hashchange", () => reveal(location.hash)?.scrollIntoView());
  reveal(location.hash)?.scrollIntoView();
  const button = document.createElement("button");
  button.type = "button";
  const item = document.createElement("li");
  item.append(button);
  document.querySelector("nav ul").append(item);
  const say = () => { button.textContent = opened().length ? "Fold all" : "Unfold all"; };
  button.addEventListener("click", () => {
    const some = opened();
    if (some.length) some.forEach((part) => { part.open = false; });
    else folded().forEach((part) => { part.open = true; });
    say();
  });
  addEventListener("toggle", say, true);
  say();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = folded();
    closed.forEach((part) => { part.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((part) => { part.open = false; }));
}

foldable();
