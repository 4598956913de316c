/** The dashboard in a real terminal, with the built program and a real server: what it shows (X7). */
import { describe, expect, test } from 'vitest';
import { alice, bob, dora, mallory, root } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import type { Printed } from '../../support/server/promised-json.ts';
import { commandLine, DashboardSite, SESSIONS } from '../../support/terminal/dashboard.ts';

describe('the dashboard', needs('world', 'tmux'), () => {
  const site = DashboardSite.ofSuite();

  test('shows a new login, finds it, opens it, revokes it with a receipt, and it is gone (X7)', async () => {
    using screen = await site.dashboard(root, '--screen tokens');
    await screen.shows({ selected: /./, line: ' alice ' });
    const theirs = await site.daemon.link(mallory);
    await screen.shows(/ mallory +mallory +link /);
    screen.press('/', 'MALL');
    await screen.shows({ title: 'filter "MALL" · 1 of 1', prompt: /^\/MALL_/, no: 'alice' });
    screen.press('Enter', 'Enter');
    const open = await screen.shows({ line: [/token {2,}[\w-]{36}/, /expires +in /, /link +7002\./] });
    const [, jti = ''] = /token {2,}([\w-]{36})/.exec(open.text) ?? [];
    screen.press('x');
    await screen.shows({ title: 'Revoke?', line: `token ${jti} of mallory` });
    screen.press('y');
    await screen.shows({
      title: 'Receipt',
      line: [
        'Still running: no session and no link.',
        /Ended 1 token and 1 link in \d+ ms\./,
        `token    ${jti}`,
        'Verified by: the server.',
      ],
    });
    await theirs.finished;
    screen.press('Escape');
    await screen.shows(/no longer exists/);
    screen.press('Escape');
    await screen.shows({ title: 'filter "MALL" · none', line: 'no tokens' });
    screen.press('Escape');
    await screen.shows(/alice/);
  });

  test('goes from a login to its sessions and back, and ends the marked ones', async () => {
    const ids = [await site.start(alice, 'sleep', '1001'), await site.start(alice, 'sleep', '1002')];
    using screen = await site.dashboard(root);
    screen.press(':', 'log');
    await screen.shows({ prompt: ':log_ Logins' });
    screen.press('Enter');
    await screen.shows({ selected: /^ *alice/ });
    screen.press('Enter');
    await screen.shows(/sessions +of alice → Sessions/);
    screen.press('j', 'j', 'Enter');
    await screen.shows({ title: /^Sessions of alice · 1 of \d+/, line: ['sleep 1002', 'sleep 1001'] });
    screen.press('Space', 'Space', 'x');
    await screen.shows({ title: 'End 2 sessions?', line: ['sleep 1002', 'sleep 1001'] });
    screen.press('y');
    await screen.shows({ title: 'Receipt', each: ids.map((id) => `session  ${id}`) });
    screen.press('Escape');
    await screen.shows(/ended \d+ .*sleep 1002/);
    screen.press('Escape');
    await screen.shows({ title: /^login alice$/ });
  });

  test('says that the server is away, and reconnects by itself when it is back', async () => {
    using screen = await site.dashboard(root, '--local-admin --screen tokens');
    await site.daemon.end('SIGKILL');
    await screen.shows({ header: /○ reconnecting$/, prompt: /^Reconnecting: / });
    await site.daemon.serve();
    await screen.shows({ header: /● live$/, line: 'alice' });
    const theirs = await site.daemon.link(mallory);
    await screen.shows(/mallory/);
    await site.daemon.cli(root, ['tokens', 'revoke', '--login', 'mallory']);
    await theirs.finished;
    await screen.shows({ no: 'mallory' });
  });

  test('says that its login has ended and what to do, and then offers only to quit', async () => {
    const theirs = [await site.daemon.link(mallory)];
    using revoked = await site.dashboard(mallory, '--screen sessions');
    await site.daemon.cli(root, ['tokens', 'revoke', '--login', 'mallory']);
    const said = await revoked.shows({
      header: /^Latchkey {2}mallory .*○ login ended$/,
      line: ['This login has ended', 'q quits'],
    });
    expect(said.text.replaceAll('\n', ' ')).toMatch(/This login has ended.*'latchkey login'.*q quits/);
    revoked.press('x', 'Enter', 'Escape', '2');
    await revoked.shows({ line: 'This login has ended', footer: /^q quit$/ });
    revoked.press('q');
    await revoked.shows(/ended with 0/);
    theirs.push(await site.daemon.link(mallory));
    using own = await site.dashboard(mallory, '--screen tokens');
    own.press('x', 'y');
    await own.shows({
      header: /○ login ended$/,
      title: /Receipt$/,
      lines: [/Receipt$/, /^$/, /^Still running: /, /^Ended 1 token/],
    });
    own.press('Escape');
    await own.shows(/This login has ended/);
    await Promise.all(theirs.map((link) => link.finished));
  });

  test('keeps a question and a filter while the server is away, and continues with them when it is back', async () => {
    const id = await site.start(alice, 'sleep', '760001');
    using screen = await site.dashboard(root, '--local-admin');
    screen.press(...SESSIONS, '/', '7600', 'Enter', 'x');
    await screen.shows({ title: /End\?$/, lines: [/End\?$/, /^$/, /^ {2}session .* sleep 760001/] });
    await site.daemon.end('SIGKILL');
    await screen.shows({ header: /○ reconnecting$/, title: 'End?' });
    await site.daemon.serve();
    await screen.shows({ header: /● live$/, title: 'End?' });
    screen.press('n', '/');
    await screen.shows({ prompt: /^\/7600_/ });
    await site.daemon.end('SIGKILL');
    await screen.shows({ header: /○ reconnecting$/, prompt: /^\/7600_/ });
    screen.press('01');
    await screen.shows({ prompt: /^\/760001_/ });
    await site.daemon.serve();
    screen.press('Enter');
    await screen.shows({
      header: /● live$/,
      title: /filter "760001" · 1 of 1$/,
      selected: 'sleep 760001',
    });
    screen.press('x');
    await screen.shows({ title: 'End?' });
    screen.press('y');
    await screen.shows({ title: 'Receipt', line: `session  ${id}` });
  });

  test('shows users only their own, and offers no action with --read-only', async () => {
    using theirs = await site.dashboard(alice, '--screen tokens');
    await theirs.shows({ title: /^Tokens · 1 of 1$/, selected: 'alice', no: /bob|root +local/ });
    using everybody = await site.dashboard(bob, '--read-only --screen tokens');
    await everybody.shows({ line: 'alice', footer: ' / filter', no: 'x revoke' });
    everybody.press('x', '?');
    await everybody.shows({ title: 'Keys', footer: 'esc back', no: 'revoke' });
  });

  test('shows managers everyone who ever logged in, and who is logged in again (F28)', async () => {
    const theirs = await site.daemon.link(dora);
    const id = await site.start(dora, 'sleep', '3000');
    await site.daemon.cli(root, ['tokens', 'revoke', '--login', 'dora']);
    await theirs.finished;
    using screen = await site.dashboard(bob, '--screen logins');
    await screen.shows({ line: /^..alice +\d/, no: 'dora' });
    screen.press('a');
    await screen.shows({ title: /^Logins · everyone · 1 of/, line: /^..dora +0 +0 +1 +dora / });
    screen.press('/', 'dora', 'Enter', 'Enter');
    await screen.shows({ title: 'login dora', no: 'x log out' });
    screen.press('j', 'j', 'Enter');
    await screen.shows({ title: 'Sessions of dora · 1 of 1', selected: 'sleep 3000' });
    screen.press('Enter', 'j', 'Enter');
    await screen.shows({ title: 'Logins of dora · 1 of 1' });
    screen.press('a');
    await screen.shows({ title: 'Logins of dora · none' });
    const everyone = await site.daemon.cli(bob, ['logins', '--everyone', '--json']);
    const { logins } = JSON.parse(everyone.stdout) as Printed<'latchkey logins'>;
    expect(logins).toContainEqual(
      expect.objectContaining({ login: 'dora', tokens: 0, sessions: 1, linuxUsers: ['dora'] }),
    );
    expect((await site.daemon.cli(bob, ['logins', '--quiet'])).stdout).not.toContain('dora');
    const own = await site.daemon.cli(alice, ['logins', '--everyone', '--quiet']);
    expect(own).toMatchObject({ status: 0, stdout: 'alice\n' });
    expect((await site.daemon.cli(bob, ['sessions', 'end', id])).status).toBe(0);
  });

  test('opens on the overview, in charts and numbers, for managers only', async () => {
    using screen = await site.dashboard(bob, '', { columns: 80, rows: 24 });
    const counts = [/\d logins?, \d+ tokens, \d+ links? and \d+ sessions? running$/, /^server: /];
    const charts = [/^logins +[·▁-█]{15,60} {2}(none|\d+) in the last hour/, /^calls +[·▁-█]{15,60} /];
    const busiest = [/^BUSIEST LINKS /, /^(alice|bob) /];
    const before = await screen.until('counts, charts and the busiest links', (view) =>
      [counts, charts, busiest].every((lines) => view.lacks({ lines }).length === 0),
    );
    const inLastHour = (what: RegExp) => Number(/ (\d+) in the last hour/.exec(before.line(what))?.[1] ?? 0);
    const logins = inLastHour(/^logins /);
    const revoked = inLastHour(/^revocations /);
    const theirs = await site.daemon.link(mallory);
    await screen.shows(new RegExp(`^logins .* ${logins + 1} in the last hour`));
    await site.daemon.cli(root, ['tokens', 'revoke', '--login', 'mallory']);
    await theirs.finished;
    await screen.shows(new RegExp(`^revocations .* ${revoked + 1} in the last hour`));
    await site.daemon.cli(alice, ['tokens', 'show', 'no-such-token']);
    await screen.shows({ line: [/^REFUSED /, 'alice'] });
    screen.resize(60, 15);
    await screen.shows({
      header: /^Latchkey /,
      title: /^Overview$/,
      lines: [/^Overview$/, /^\d logins?/],
      footer: /^\? help/,
    });
    screen.resize(200, 50);
    await screen.shows({ line: [/LATEST LOGINS +LOGGED IN/, 'REFUSED'] });
    const isOfCharts = (line: string) => /[▁-█]/.test(line);
    await screen.until('charts of several lines', ({ lines }) => lines.filter(isOfCharts).length > 9);
    using own = await site.dashboard(alice);
    await own.shows({ tabs: /^ 1 Logins {2}2 Tokens {2}3 Links {2}4 Sessions$/, title: /^Logins · 1 of 1$/ });
    own.press('q');
    await own.shows(/ended with 0/);
    own.enter(commandLine(site.daemon, '--screen overview'));
    await own.shows({ lines: [/--screen is one of logins, tokens, links, sessions$/, /^ended with 2/] });
  });
});
