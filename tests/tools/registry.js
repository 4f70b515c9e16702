// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// An npm registry, a store of its packages and a git host in one: files below a folder, over HTTPS.
//   node registry.js PEM PORT FOLDER
// A folder answers with its index.json, which is how a registry describes a package.
'use strict';
const fs = require('fs');
const https = require('https');
const path = require('path');

const [pem, port, folder] = process.argv.slice(2);

function answer(request, response) {
	const wanted = path.join(folder, path.normalize(decodeURIComponent(new URL(request.url, 'https://x').pathname)));
	const found = [wanted, path.join(wanted, 'index.json')].find((f) => fs.statSync(f, { throwIfNoEntry: false })?.isFile());

	response.writeHead(found ? 200 : 404, { 'content-type': found?.endsWith('.json') ? 'application/json' : 'application/octet-stream' });
	response.end(found ? fs.readFileSync(found) : '');
}

const key = fs.readFileSync(pem);
https.createServer({ key, cert: key }, answer).listen(Number(port), '::', () => console.log('ready'));
