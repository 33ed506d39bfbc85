"""The look of the HTML report: light, dark where the reader prefers it, and plain on paper."""

STYLE = """
:root { color-scheme: light dark;
  --ink: #1b1d21; --dim: #5d636d; --paper: #ffffff; --panel: #f6f7f9; --rule: #d9dce1; --grid: #e7e9ed;
  --good: #1d6f2b; --bad: #b3261e; --warn: #8a5a00; --none: #5d636d; --tool: #7b2d8b; --old: #00687a;
  --s0: #2456b3; --s1: #b8570b; --s2: #2c7a4b; --s3: #8a3fa0; --s4: #a3742a; --s5: #4b6470; }
@media (prefers-color-scheme: dark) { :root {
  --ink: #e6e8ec; --dim: #a1a7b1; --paper: #15171b; --panel: #1d2025; --rule: #363b43; --grid: #2a2e35;
  --good: #7fce8d; --bad: #ff8a80; --warn: #e6b450; --none: #a1a7b1; --tool: #d79be4; --old: #6fc7d8;
  --s0: #86aefc; --s1: #f0a060; --s2: #7fd0a0; --s3: #d49be6; --s4: #dcb878; --s5: #a5bcc8; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 60rem; background: var(--paper); color:
  var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .25rem; }
h3 { font-size: 1.02rem; margin: 0; } p { margin: .3rem 0; } a { color: inherit; }
.dim { color: var(--dim); } code, .mono { font: .86em ui-monospace, "DejaVu Sans Mono", monospace; }
code { overflow-wrap: anywhere; }
.bar { display: flex; height: 10px; border-radius: 5px; overflow: hidden; margin: .8rem 0; background:
  var(--rule); }
.bar span { display: block; }
table { border-collapse: collapse; width: 100%; margin: .8rem 0; font-size: .92rem; }
th, td { text-align: left; padding: .32rem .6rem .32rem 0; border-bottom: 1px solid var(--rule);
  vertical-align: top; }
th { color: var(--dim); font-weight: 500; }
.word { font-weight: 600; white-space: nowrap; }
.DISCHARGED, .FOUND { color: var(--good); } .FALSIFIED, .NOT { color: var(--bad); } .ERROR { color:
  var(--tool); }
.PARTIAL, .INCONCLUSIVE { color: var(--warn); } .STALE { color: var(--old); } .UNTRIED { color:
  var(--none); }
section { border: 1px solid var(--rule); border-radius: 8px; padding: .9rem 1rem; margin: .8rem 0; }
section.finding { border-left: 5px solid var(--bad); }
section header { display: flex; gap: .8rem; justify-content: space-between; align-items: baseline;
  flex-wrap: wrap; }
.claim { margin: .35rem 0 .2rem; }
.obligation { border-top: 1px solid var(--rule); margin-top: .7rem; padding-top: .6rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .9rem; margin: .3rem 0; font-size:
  .92rem; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
.witness dd { color: var(--bad); } summary { color: var(--dim); font-size: .92rem; cursor: pointer; }
svg { display: block; width: 100%; height: auto; background: var(--panel); border-radius: 6px; margin:
  .5rem 0; }
svg text { font: 11px system-ui, "Noto Sans", sans-serif; fill: var(--dim); } svg .name { font-weight:
  600; fill: var(--ink); }
svg path, svg polyline { fill: none; } .grid { stroke: var(--grid); } .axis { stroke: var(--dim); }
.bound { stroke: var(--warn); stroke-dasharray: 5 4; } svg .limit { fill: var(--warn); }
.fails { stroke: var(--bad); stroke-opacity: .35; } .ring { fill: none; stroke: var(--bad); stroke-width:
  1.8; }
svg .nan { fill: var(--bad); }
polyline, path[class^="s"] { stroke-width: 1.5; stroke-linejoin: round; }
.s0 { stroke: var(--s0); } .s1 { stroke: var(--s1); } .s2 { stroke: var(--s2); }
.s3 { stroke: var(--s3); } .s4 { stroke: var(--s4); } .s5 { stroke: var(--s5); }
polygon { fill-opacity: .18; } .b0 { fill: var(--s0); } .b1 { fill: var(--s1); } .b2 { fill: var(--s2); }
.b3 { fill: var(--s3); } .b4 { fill: var(--s4); } .b5 { fill: var(--s5); }
.d0 { fill: var(--s0); } .d1 { fill: var(--s1); } .d2 { fill: var(--s2); }
.d3 { fill: var(--s3); } .d4 { fill: var(--s4); } .d5 { fill: var(--s5); }
footer { margin-top: 3rem; color: var(--dim); font-size: .88rem; }
@media print { :root { color-scheme: light; } body { max-width: none; padding: 0; font-size: 10.5pt; }
  section, svg, tr { break-inside: avoid; } h2, h3 { break-after: avoid; } a { text-decoration: none; } }
"""
