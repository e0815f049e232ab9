import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const collection = join(import.meta.dirname, '../../../shared/data/loghub');

/** Whether real logs are there; where they are not, a generated one takes their place. */
export const isCollectionThere = existsSync(collection);

export interface Log {
  readonly name: string;
  readonly bytes: Buffer;
}

export function realLogs(): Log[] {
  return isCollectionThere ? collectedLogs() : [generatedLog()];
}

function collectedLogs(): Log[] {
  const names = readdirSync(collection).filter((name) => name.endsWith('.log'));
  return names.map((name) => ({ name, bytes: readFileSync(join(collection, name)) }));
}

/** As real logs are: levels, times, a stack trace now and then, text of the world, both line endings. */
function generatedLog(): Log {
  const lines = Array.from({ length: 2000 }, (_, i) => {
    const time = new Date(1_700_000_000_000 + i * 137).toISOString();
    const trace = i % 50 === 0 ? `\r\n\tat handler.ts:${i}\r\n` : '\n';
    return `${time} ${i % 9 === 0 ? 'WARN' : 'INFO'} [worker-${i % 7}] größe=${i * i} "日志" ${'x'.repeat(i % 90)}${trace}`;
  });
  return { name: 'generated.log', bytes: Buffer.from(lines.join('')) };
}
