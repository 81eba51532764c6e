import { explore } from "./explorer.js";
import { given } from "./explorer_page.js";
import { unfold } from "./reduced.js";
import { runModel } from "./run_model.js";

explore(({ places, numbers, shape }) =>
  runModel((lower, upper) => unfold(lower, upper, places, numbers, shape, given.fineness)),
);
