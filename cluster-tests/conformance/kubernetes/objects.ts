/** A pod that does what its shell script says. */
export const shellPod = (name: string, script: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image: 'busybox', command: ['sh', '-c', script] }],
    ...spec,
  },
});

/** An HTTP server that answers each request with the size of its body. */
export const server = `require('http').createServer((request, answer) => {
  let size = 0;
  request.on('data', (chunk) => { size += chunk.length });
  request.on('end', () => answer.end(String(size)));
}).listen(8080, process.env.POD_IP, () => console.log('listening'))`;
