import { lezer } from "@lezer/generator/rollup";
import { defineConfig } from "vite";

// The editor is loaded where something can be edited, and is in no report.
export default defineConfig({
  plugins: [lezer() as never],
  build: {
    target: "es2022",
    chunkSizeWarningLimit: 1000,
    emptyOutDir: false,
    modulePreload: false,
    rollupOptions: {
      input: "src/editor/main.ts",
      output: { format: "iife", entryFileNames: "editor.js", codeSplitting: false },
    },
  },
});
