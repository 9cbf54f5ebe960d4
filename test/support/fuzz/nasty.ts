import { Random } from './random.js';

/** JSON texts of values that have broken services before. */
const JSON_VALUES = String.raw`
  null true false 0 -0 -1 1 7.5 1e400 -1e400 1e-400 2147483647 2147483648 9007199254740993 9223372036854775808 1e21 0.1
  "" "5" "null" "\u0000" "a\u0000b" "\ud800" "\udc00\ud800" "\ufeff" "\u202e" "\u2028" "\u001b[2J" "\r\nX:y" "😀" "NaN"
  "2026-02-30T00:00:00Z" "2026-05-04T10:30:00Z" "2026-05-04T10:30:00+02:00" "0000-01-01T00:00:00Z" "1970-01-01"
  "9999-12-31T23:59:60Z" "+275760-09-13T00:00:00.001Z" "0001-01-01T00:00:00+23:59" [] {} [[]] [null] [{}] {"":{}}
  {"__proto__":{"polluted":1}} {"constructor":{"prototype":{"polluted":1}}} {"toString":1} {"length":-1} {"then":{}}
  "';DROP/**/TABLE/**/devices;--" "%00" "../../etc/passwd" "=1+1" "<script>alert(1)</script>" "http://[::1]/" "a@b"
`
  .trim()
  .split(/\s+/);

const TEXTS = [
  ...`0 -1 1 7.5 0x1 1e3 99999999999999999999 NaN null undefined true [] {} PIBOX-7 pibox-7 - . .. @ a:b a'b a"b \\ % %00
    %2f ../.. 😀 \ufeff é \u202e a\u001bb 2026-05-04T10:30:00Z 2026-05-04 24h 0h -1h 1000000d 99999999999999999999999d
    hour day open silent constructor __proto__ toString key:value key=value , ,, csv ndjson eyJpZCI6MX0 AAAA`.split(
    /\s+/,
  ),
  ...['', ' ', 'a b', 'a\u0000b', "' OR 1=1 --", 'a'.repeat(255), 'a'.repeat(256), 'a'.repeat(5_000)],
];

export function nastyJson(random: Random): string {
  if (random.isLucky(0.02)) return `"${'x'.repeat(random.int(3_000))}"`;
  if (random.isLucky(0.01)) return '['.repeat(random.int(2_000)) + ']'.repeat(random.int(2_000));
  if (random.isLucky(0.05)) return String(random.int(4_000_000_000) - 2_000_000_000);
  return random.pick(JSON_VALUES);
}

export function nastyText(random: Random): string {
  return random.isLucky(0.1) ? String(random.int(10_000)) : random.pick(TEXTS);
}

/** Changes some bytes: turned over, put in, taken out, doubled, cut off. */
export function mutated(random: Random, bytes: Buffer): Buffer {
  let changed = bytes;
  for (let times = 1 + random.int(4); times > 0; times -= 1) {
    const place = random.int(changed.length + 1);
    const [before, after] = [changed.subarray(0, place), changed.subarray(place)];
    const length = 1 + random.int(8);
    switch (random.int(6)) {
      case 0:
        changed = Buffer.concat([before, Buffer.from([random.int(256)]), after.subarray(1)]);
        break;
      case 1:
        changed = Buffer.concat([before, Buffer.from(Array.from({ length }, () => random.int(256))), after]);
        break;
      case 2:
        changed = Buffer.concat([before, after.subarray(length)]);
        break;
      case 3:
        changed = Buffer.concat([before, after.subarray(0, 20 * length), after]);
        break;
      case 4:
        changed = Buffer.concat([before, Buffer.from(random.pick(PIECES), 'latin1'), after]);
        break;
      default:
        if (random.isLucky(0.2)) changed = before;
    }
  }
  return changed;
}

const PIECES = [
  '\r\n|\n|\r|\0| |\t|:|\r\n\r\n|\r\n |%00|/|//|?|#|{|}|[|"|\\|,|HTTP/1.0|HTTP/2.0|CONNECT |ffffffff\r\n|0\r\n\r\n',
  'Content-Length: 0\r\n|Content-Length: 5\r\n|Transfer-Encoding: chunked\r\n|Transfer-Encoding: gzip\r\n|Host: a\r\n',
  'Expect: 100-continue\r\n|Expect: more\r\n|Upgrade: websocket\r\n|Connection: upgrade\r\n|PRI * HTTP/2.0\r\n\r\n',
  `X: ${'x'.repeat(9_000)}`,
].flatMap((pieces) => pieces.split('|'));
