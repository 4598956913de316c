import { describe, expect, it } from 'vitest';
import { Findings } from '../../finding.ts';
import { judgeSourceLimits } from './source-limits.ts';

const PENALTIES =
  'crash:90 authfail:5 noauth:1 grace-exceeded:10 refuseconnection:10 max:600 min:15 max-sources4:65536 max-sources6:65536 overflow:permissive overflow6:permissive';

/** Settings of OpenSSH 10.0, as `sshd -T` prints them, with changes. */
function remedies(changes: Readonly<Record<string, string>> = {}, host = '127.0.0.1'): (string | null)[] {
  const settings = {
    maxstartups: '10:30:100',
    persourcemaxstartups: 'none',
    persourcenetblocksize: '32:128',
    persourcepenalties: PENALTIES,
    persourcepenaltyexemptlist: 'none',
    ...changes,
  };
  const all = new Map(Object.entries(settings).map(([keyword, value]) => [keyword, [value]]));
  const findings = judgeSourceLimits(all, { host, configFile: 'F' }, new Findings('sshd'));
  return findings.map(({ remedy }) => remedy);
}

describe("sshd's limits by source", () => {
  it('are fine by default', () => {
    expect(remedies()).toEqual([]);
  });

  it('hit everybody where all logins through Latchkey are one source', () => {
    const line = 'in F: PerSourcePenaltyExemptList 127.0.0.0/8; man latchkey-sshd';
    expect(remedies({ persourcenetblocksize: '8:64' })).toEqual([line]);
    expect(remedies({ persourcenetblocksize: '8:64', persourcepenaltyexemptlist: '10.0.0.0/8' })).toEqual([
      line,
    ]);
    const exempt = '10.0.0.0/8,127.0.0.0/8';
    expect(remedies({ persourcenetblocksize: '8:64', persourcepenaltyexemptlist: exempt })).toEqual([]);
    expect(remedies({ persourcenetblocksize: '8:64', persourcepenalties: 'no' })).toEqual([]);
    expect(remedies({}, '::1')).toEqual(['in F: PerSourcePenaltyExemptList ::1; man latchkey-sshd']);
  });

  it('leave room for as many logins as Latchkey makes at once', () => {
    expect(remedies({ persourcemaxstartups: '3' })).toEqual([]);
    expect(remedies({ persourcemaxstartups: '2' })).toEqual([
      'in F: PerSourceMaxStartups 3; man latchkey-sshd',
    ]);
    const shared = { persourcenetblocksize: '8:64', persourcepenalties: 'no' };
    expect(remedies({ ...shared, persourcemaxstartups: '5' })).toEqual([
      'in F: PerSourceMaxStartups 9; man latchkey-sshd',
    ]);
    expect(remedies({ maxstartups: '9:30:100' })).toEqual(['in F: MaxStartups 20:30:100; man latchkey-sshd']);
    expect(remedies({ maxstartups: '10:30:100' })).toEqual([]);
  });

  it('are fine in OpenSSH before 9.8, which has no penalties', () => {
    expect(remedies({ persourcepenalties: '', persourcenetblocksize: '8:64' })).toEqual([]);
  });
});
