// How the page looks, on a screen and on paper. Nothing is loaded from anywhere.

export const style = `
:root{color-scheme:light}
body{font:14px/1.45 system-ui,sans-serif;color:#1a1f27;background:#fff;max-width:1040px;margin:24px auto;padding:0 16px}
h1{font-size:24px;margin:0 0 4px}h2{font-size:18px;margin:28px 0 8px;border-bottom:1px solid #c9d0d9;padding-bottom:3px}
table{border-collapse:collapse;width:100%;margin:8px 0;font-size:12.5px}th,td{text-align:left;vertical-align:top;padding:3px 8px 3px 0;border-bottom:1px solid #e3e7ec;overflow-wrap:anywhere}
th{color:#4a5462;font-weight:600;overflow-wrap:normal}.number{text-align:right}.note,.none{color:#4a5462;font-size:12.5px}code{font:12px ui-monospace,monospace;overflow-wrap:anywhere}
.banner{border-left:6px solid;padding:8px 12px;margin:14px 0;background:#f4f6f8}.banner.true{border-color:#1f8a4c}.banner.false{border-color:#b3261e}.banner.unknown{border-color:#6b7480}
.map{max-width:100%;height:auto}.map text{font:10px ui-monospace,monospace;text-anchor:middle;fill:#fff}.history{max-width:100%;height:auto}.history polyline{fill:none;stroke:#1f5fae;stroke-width:2}.history .frame{fill:none;stroke:#c9d0d9}
.key{display:inline-block;width:18px;text-align:center;color:#fff;font:11px ui-monospace,monospace;border-radius:3px}
.protected{fill:#1f8a4c;background:#1f8a4c}.warning{fill:#b36b00;background:#b36b00}.unknown{fill:#6b7480;background:#6b7480}.incomplete{fill:#7a3fb0;background:#7a3fb0}
.failed{fill:#b3261e;background:#b3261e}.no-protection{fill:#8c1d5b;background:#8c1d5b}.no-agent{fill:#3b0d0c;background:#3b0d0c}.exempt{fill:#8a94a3;background:#8a94a3}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:8px 0}dt{color:#4a5462}dd{margin:0;overflow-wrap:anywhere}
@media print{body{max-width:none;margin:0;font-size:11px}h2{break-after:avoid}tr,svg,.banner{break-inside:avoid}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}thead{display:table-header-group}}
`.trim();
