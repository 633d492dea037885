declare module "cytoscape-dagre";
declare module "*.grammar" {
  export const parser: import("@lezer/lr").LRParser;
}
