// How the report looks: light and dark by the reader's setting, always light on paper.

/** Each of the eight keeps a contrast of 3 to 1 with its ground and stays apart for the colour-blind; text never uses them. */
const light = ['#0a62a9', '#c2500a', '#00785c', '#9b4a97', '#8a6800', '#0d7f96', '#b81f57', '#55595e'];
const dark = ['#5bb1ee', '#f2914f', '#2fbf97', '#d295d0', '#dcbf45', '#62d3e2', '#ff7ea9', '#b4b9be'];

const colours = (series: readonly string[]): string =>
  series.map((colour, index) => `--series-${index + 1}:${colour};`).join('');

const seriesRules = light.map((_, index) => `.s${index + 1}{--colour:var(--series-${index + 1})}`).join('');

export const style = `
:root{color-scheme:light;--ground:#fff;--ink:#1b1f24;--muted:#59616a;--grid:#e2e6ea;--axis:#868e96;--error:#b3261e;--soft:#f5f7f8;${colours(light)}}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--ground:#14171a;--ink:#e6e9ec;--muted:#a3abb3;--grid:#2a2f35;--axis:#7a838c;--error:#ff8a80;--soft:#1c2024;${colours(dark)}}}
${seriesRules}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:928px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:26px;line-height:1.25;font-weight:600;margin:0 0 8px;overflow-wrap:anywhere}
h2{font-size:20px;line-height:1.3;font-weight:600;margin:48px 0 16px;padding-top:16px;border-top:1px solid var(--grid);overflow-wrap:anywhere}
h3{font-size:15px;font-weight:600;margin:0}
header p{margin:0 0 4px;color:var(--muted);overflow-wrap:anywhere}
.note,.absent,.ratio{color:var(--muted)}
.note{margin:2px 0 0;font-size:13.5px;max-width:46em}
.absent{margin:8px 0;padding:12px 16px;background:var(--soft)}
.notice{margin:12px 0;padding:8px 14px;border-left:3px solid var(--error);background:var(--soft);overflow-wrap:anywhere}
.key-figures{display:flex;flex-wrap:wrap;gap:12px 40px;margin:24px 0 8px;padding:0}
.key-figures div{display:flex;flex-direction:column}
.key-figures dt{color:var(--muted);font-size:13.5px}
.key-figures dd{margin:0;font-size:24px;line-height:1.25}
.bad{color:var(--error)}
figure{margin:32px 0;padding:0}
.chart{display:block;width:100%;height:auto;margin-top:10px;font-size:12px}
.wide .chart{max-width:880px}
.narrow{display:none}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,410px),1fr));gap:28px 32px;align-items:start}
.charts figure{margin:0;min-width:0}
.charts .table{margin:0;min-width:0}
.charts table{width:100%}
.charts .chart{max-width:480px}
.legend{display:flex;flex-wrap:wrap;gap:2px 20px;margin:8px 0 0;padding:0;list-style:none;font-size:13.5px}
.legend li{display:flex;align-items:center;gap:8px;min-width:0;max-width:22em}
.legend .name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.key{flex:none;width:22px;height:0;border-top:2.5px solid var(--colour)}
.key.dashed{border-top-style:dashed}
.key.dotted{border-top-style:dotted}
.key.area{width:12px;height:12px;border:0;background:var(--colour)}
text{fill:var(--ink)}
.tick,.axis-title,.quiet{fill:var(--muted)}
.grid{stroke:var(--grid);stroke-width:1}
.axis{stroke:var(--axis);stroke-width:1}
.line{fill:none;stroke:var(--colour);stroke-width:1.9;stroke-linejoin:round}
.line.dashed{stroke-dasharray:6 4}
.line.dotted{stroke-dasharray:1.5 3.5;stroke-linecap:round}
.area-fill{fill:var(--colour);fill-opacity:.14}
.dot,.bar{fill:var(--colour)}
.error-bar{fill:var(--error)}
.error-key{--colour:var(--error)}
.whisker{stroke:var(--ink);stroke-width:1.2}
.halo{stroke:var(--ground);stroke-width:4}
.reference{stroke:var(--axis);stroke-dasharray:2 3}
.strong{font-weight:600}
.mark{paint-order:stroke;stroke:var(--ground);stroke-width:4px;stroke-linejoin:round}
.mark-dot{fill:var(--ground);stroke:var(--colour);stroke-width:1.9}
.table{overflow-x:auto;margin:24px 0}
.table:focus-visible{outline:2px solid var(--series-1);outline-offset:2px}
table{min-width:min(100%,27em);border-collapse:collapse;font-size:13.5px;line-height:1.35}
caption{caption-side:top;text-align:left;color:var(--ink);font-weight:600;font-size:15px;padding-bottom:6px}
caption span{display:inline-block;position:sticky;left:0;max-width:calc(100vw - 32px)}
th,td{padding:4px 16px 4px 0;text-align:left;vertical-align:top;font-weight:400}
th:last-child,td:last-child{padding-right:0}
thead th{color:var(--muted);border-bottom:1px solid var(--axis);vertical-align:bottom}
tbody tr+tr>*{border-top:1px solid var(--grid)}
.figure{text-align:right;white-space:nowrap}
td.text{overflow-wrap:anywhere;min-width:9em}
tbody th{overflow-wrap:break-word;min-width:6em;max-width:24em}
tr.group th{padding-top:12px;color:var(--muted)}
tr.error>*{color:var(--error)}
ul.notes{margin:8px 0;padding-left:18px;font-size:13.5px}
@media (max-width:680px){main{padding:20px 16px 48px}.wide{display:none}.narrow{display:block}h1{font-size:22px}.key-figures{gap:10px 28px}.key-figures dd{font-size:20px}th,td{padding-right:12px}}
@media print{@page{margin:14mm}body{font-size:10.5pt}main{max-width:none;padding:0}.wide{display:block}.narrow{display:none}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}figure,tr,.key-figures,.notice{break-inside:avoid}h1,h2,h3,caption,figcaption,thead{break-after:avoid}.table{overflow:visible}caption span{max-width:none}.table,table{break-inside:avoid-page}.charts{grid-template-columns:1fr 1fr;gap:18px 20px}figure{margin:20px 0}th,td{padding-right:10px}table{font-size:9pt}.legend .name{white-space:normal}}
`;
