// A middlebox that spoils DNS: relays UDP and TCP from ADDRESS to SERVER, port 53, and drops UDP queries with EDNS.
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

const [address = '', server = ''] = process.argv.slice(2);
const front = createSocket('udp4');
front.on('message', (query, from) => {
  // ARCOUNT: the OPT record.
  if (query.length < 12 || query.readUInt16BE(10) > 0) return;
  const back = createSocket('udp4');
  back.on('message', (reply) => {
    front.send(reply, from.port, from.address);
    back.close();
  });
  back.send(query, 53, server);
});
front.bind(53, address);
createServer((client) => {
  const upstream = connect(53, server);
  client.pipe(upstream).pipe(client);
  for (const end of [client, upstream]) end.on('error', () => end.destroy());
}).listen(53, address);
