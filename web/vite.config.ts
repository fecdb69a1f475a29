import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// The page runs under a strict content security policy: nothing is inlined, and everything comes from where the page came from.
export default defineConfig({
  base: "./",
  plugins: [svelte()],
  build: {
    outDir: "../src/alpha_pulse/api/page",
    emptyOutDir: true,
    target: "es2022",
    license: { fileName: "assets/licenses.txt" },
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
  // `npm run dev` beside a running `alpha-pulse run`.
  server: { proxy: { "/api": { target: "http://127.0.0.1:8650", ws: true, changeOrigin: true } } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
