// Makes docs/explain.md: the gallery with what `rootwalk explain` prints for each of its failures.
import { gallery } from './gallery.ts';
import { show } from './gallery-world.ts';

/** The page. */
export async function galleryPage(): Promise<string> {
  const parts = [INTRODUCTION];
  for (const [index, exhibit] of gallery.entries()) {
    const { lines } = await show(exhibit);
    const [name, type] = exhibit.asks;
    const shown =
      index === 0 ? lines : lines.slice(lines.findIndex((line) => /^(?:Failed|Answered) |found in/.test(line)));
    parts.push(
      `### ${exhibit.title}\n\n${exhibit.about}\n\n` +
        `\`\`\`console\n$ rootwalk explain ${name}${type === undefined ? '' : ` ${type}`}\n` +
        `${index === 0 ? '' : '...\n'}${shown.join('\n')}\n\`\`\`\n`,
    );
  }
  return parts.join('\n');
}

const INTRODUCTION = `# Why a name fails

\`rootwalk explain NAME [TYPE]\` resolves a name and shows each step as a tree: the caches that were asked, then the walk
from the root to the server that knows the answer, with the servers, what they said, and what was believed. At the end it
says who is at fault if it failed, by what evidence, and what to do. With \`--json\` the same is there for programs:
\`verdict\` has \`fault\`, \`works\`, \`zone\`, \`servers\`, \`summary\`, \`evidence\` and \`remedy\`. The exit code is 0 for an answer
(that a name does not exist is one), 9 for none.

| \`fault\` | Means | Who acts |
|---|---|---|
| \`parent zone\` | the zone above says something wrong or incomplete | the owner of the zone, through the registrar; the parent |
| \`child zone\` | the zone itself, or the delegation that its owner had entered, is wrong | the owner of the zone |
| \`its keys\` | signatures, keys or DS do not fit one another (DNSSEC) | the owner of the zone |
| \`its servers\` | they are dead, refuse, or give nothing usable | the owner of the zone |
| \`our network or a middlebox\` | something between this machine and the servers | you, or your provider |
| \`our policy\` | the configuration of this resolver | you |
| \`our limit\` | a bound that protects this resolver | you, the owner of the zone |
| \`our clock\` | signatures are judged by it, and it is wrong | you |
| \`nobody\` | it works, or there is no such name or record | – |

## Gallery

Each failure below was made for real in a small Internet of signed zones, and this is what is printed; of all but the first
the tree is left out. Names and addresses are those that documentation may use, those of the root servers excepted.
`;
