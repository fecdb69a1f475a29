import { mount } from "svelte";

import App from "./App.svelte";
import { access } from "./state/access.svelte";
import "./styles/tokens.css";
import "./styles/base.css";

const target = document.getElementById("app");
if (target === null) throw new Error("index.html has no element with the id app");
await access.enter();
mount(App, { target });
