import { order } from "./sorting.js";

const { runs } = JSON.parse(document.getElementById("data").textContent);
const sheet = document.querySelector("main.cards");
const cards = [...sheet.children];
const chosen = document.getElementById("sort");

chosen.addEventListener("change", () => {
  sheet.append(...order(runs, chosen.value).map((position) => cards[position]));
});
