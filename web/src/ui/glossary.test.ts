import { expect, it } from "vitest";

import { GLOSSARY } from "./glossary";

const SOURCES = import.meta.glob(["../**/*.svelte", "../charts/palette.ts", "../format/status.ts"], { eager: true, query: "?raw", import: "default" });
const text = Object.values(SOURCES).join("\n");

it.each(Object.entries(GLOSSARY))("explains %s in one sentence that fits a tooltip", (_, sentence) => {
  expect(sentence).toMatch(/^[A-Z][^.]*(\d\.\d[^.]*)*\.$/);
  expect(sentence.length).toBeLessThanOrEqual(170);
});

it.each(Object.keys(GLOSSARY))("explains %s, which the page shows", (name) => {
  expect(text.includes(`"${name}"`) || text.includes(`${name}:`)).toBe(true);
});
