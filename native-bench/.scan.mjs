import { open } from '/work/main/dist/src/index.js';
import { ClassicLevel } from 'classic-level';
import { rmSync } from 'node:fs';
const N = 2_000_000;
import { randomBytes } from 'node:crypto';
const mk = process.argv[2];
const dir = '/work/main/.tmp/scan-' + mk + '.db';
if (mk === 'steme') {
  let db;
  if (process.argv[3] === 'make') {
    rmSync(dir, { recursive: true, force: true });
    db = await open(dir);
    for (let i = 0; i < N; i += 1000) {
      const ops = [];
      for (let j = 0; j < 1000; j++) { const h = randomBytes(50); ops.push({ type: 'put', key: randomBytes(16), value: Buffer.concat([h, h]) }); }
      await db.batch(ops, { sync: false });
    }
    await db.flush(); await db.close();
  }
  db = await open(dir);
  for (const reverse of [false, true, false, true]) {
    const t = performance.now(); let n = 0;
    const it = db.iterator({ reverse });
    for (;;) { const e = await it.nextv(1000); if (e.length === 0) break; n += e.length; }
    await it.close();
    console.log('steme', reverse, n, Math.round(n / (performance.now() - t) * 1000));
  }
  console.log(JSON.stringify(db.stats().levels.map(l => l.fileCount)));
  await db.close();
} else {
  const db = new ClassicLevel(dir, { keyEncoding: 'buffer', valueEncoding: 'buffer', cacheSize: 64 << 20 });
  await db.open();
  if (process.argv[3] === 'make') {
    for (let i = 0; i < N; i += 1000) {
      const b = db.batch();
      for (let j = 0; j < 1000; j++) { const h = randomBytes(50); b.put(randomBytes(16), Buffer.concat([h, h])); }
      await b.write();
    }
  }
  for (const reverse of [false, true, false, true]) {
    const t = performance.now(); let n = 0;
    const it = db.iterator({ reverse, highWaterMarkBytes: 1 << 20 });
    for (;;) { const e = await it.nextv(1000); if (e.length === 0) break; n += e.length; }
    await it.close();
    console.log('classic', reverse, n, Math.round(n / (performance.now() - t) * 1000));
  }
  await db.close();
}
