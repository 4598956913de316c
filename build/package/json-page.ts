/** latchkey-json(5). */
import type { Description, JsonManual } from '../../src/cli/output/json-manual.ts';
import { STATUS } from '../../src/exit-status.ts';
import type { Page } from './roff.ts';

/** Writes the page about everything that --json prints. */
export function writeJson(page: Page, { documents, events, failure, objects }: JsonManual): void {
  page
    .heading('Description')
    .paragraph(
      'With --json a command prints one JSON object on standard output, and nothing else. Every member listed here is ' +
        'always present, unless stated otherwise: null means no value, [] an empty list. A time is a string, RFC 3339 ' +
        'in UTC with milliseconds; an integer is a number. Members may be added, and are never renamed or removed. Control ' +
        'characters are escaped, even those that JSON allows.',
    )
    .paragraph(
      'A failure is one object on a line of standard error. start and attach leave both streams to the program, ' +
        'and report failures as text.',
    )
    .paragraph(
      'With --watch, every line is one object, printed as it happens: an event there for each existing object, then complete, ' +
        'then there for each new or changed object, and gone. After a reconnection only differences follow, then complete again.',
    );
  page.heading('Commands');
  for (const [name, members] of Object.entries({ ...documents, ...events, failure }))
    writeMembers(page, name, members);
  page.heading('Objects');
  for (const [name, members] of Object.entries(objects)) writeMembers(page, name, members);
  page.heading('Reasons').paragraph('Each reason with its exit status:');
  for (const [reason, status] of Object.entries(STATUS)) page.item(reason, `${status}`);
}

function writeMembers(page: Page, name: string, members: Description): void {
  page.subheading(name);
  for (const [member, { type, about }] of Object.entries(members))
    page.item(member, about === '' ? `(${type})` : `(${type}) ${about}`);
}
