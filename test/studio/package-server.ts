// NuGet and PyPI on this machine, with small packages of made-up libraries: what ONNX Runtime's CUDA provider needs of
// CUDA 13, laid out as the publishers lay it. A test changes packages, and how their archives are sent.

import { createHash } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32, deflateRawSync } from 'node:zlib';
import type { Mirror } from '../../src-main/contract/mirror.ts';
import { libraryThatNeeds } from './elf-file.ts';

export interface FakePackage {
  version: string;
  files: Record<string, Buffer>;
  /** Of its archive: so many bytes, then the connection is reset or nothing more comes; once. */
  cutAfter?: number;
  stallAfter?: number;
  /** Other bytes than were published. */
  isChanged?: boolean;
}

export interface PackageServer {
  readonly mirrors: Mirror[];
  /** By name. */
  readonly packages: Record<string, FakePackage>;
  /** What was asked for: the path, and where in the file it began. */
  readonly requests: { readonly path: string; readonly range: string | undefined }[];
  /** Bytes of archives that went out. */
  readonly sentBytes: number;
  close(): Promise<void>;
}

export const providerPackage = 'Microsoft.ML.OnnxRuntime.Gpu.Linux';
const native = 'runtimes/linux-x64/native';
export const runtimeVersion = '1.30.0';

export const providerNeeds = [
  'libcublas.so.13', 'libcublasLt.so.13', 'libcudart.so.13', 'libcudnn.so.9', 'libcufft.so.12', 'libcurand.so.10',
];

/** With so many bytes of noise, which no archive makes smaller. */
const noise = (bytes: number): Buffer => Buffer.concat(Array.from({ length: Math.ceil(bytes / 32) }, (_, i) => (
  createHash('sha256').update(String(i)).digest())));

export function providerFiles(needed: readonly string[]): FakePackage['files'] {
  return {
    [`${native}/libonnxruntime_providers_cuda.so`]: libraryThatNeeds([...needed, 'libc.so.6'], noise(100_000)),
    [`${native}/libonnxruntime_providers_shared.so`]: libraryThatNeeds(['libnotthere-of-a-test.so.1']),
    [`${native}/libonnxruntime_providers_tensorrt.so`]: libraryThatNeeds(['libnvinfer.so.10']),
    LICENSE: Buffer.from('MIT'),
  };
}

function wheel(folder: string, version: string, libraries: Record<string, readonly string[]>): FakePackage {
  const files = Object.entries(libraries).map(([name, needed]) => (
    [`nvidia/${folder}/lib/${name}`, libraryThatNeeds(needed, noise(40_000))]));
  const license = [`nvidia_${folder}-${version}.dist-info/licenses/License.txt`, Buffer.from('NVIDIA')];
  return { version, files: Object.fromEntries([...files, license, ['nvidia/__init__.py', Buffer.from('')]]) };
}

export function cuda13Packages(): Record<string, FakePackage> {
  return {
    [providerPackage]: { version: runtimeVersion, files: providerFiles(providerNeeds) },
    'nvidia-cublas': wheel('cu13', '13.1.0.3', {
      'libcublas.so.13': ['libcublasLt.so.13', 'libc.so.6'], 'libcublasLt.so.13': [], 'libnvblas.so.13': [],
    }),
    'nvidia-cuda-runtime': wheel('cu13', '13.0.96', { 'libcudart.so.13': [] }),
    'nvidia-cuda-nvrtc': wheel('cu13', '13.0.88', { 'libnvrtc.so.13': [], 'libnvrtc-builtins.so.13.0': [] }),
    'nvidia-cudnn-cu13': wheel('cudnn', '9.15.1.9', { 'libcudnn.so.9': [], 'libcudnn_graph.so.9': ['libcudnn.so.9'] }),
    'nvidia-cufft': wheel('cu13', '12.0.0.61', { 'libcufft.so.12': ['libnvJitLink.so.13'], 'libcufftw.so.12': [] }),
    'nvidia-curand': wheel('cu13', '10.4.0.35', { 'libcurand.so.10': [] }),
    'nvidia-nvjitlink': wheel('cu13', '13.0.88', { 'libnvJitLink.so.13': [] }),
  };
}

export async function openPackageServer(): Promise<PackageServer> {
  const packages = cuda13Packages();
  const requests: PackageServer['requests'] = [];
  let sentBytes = 0;
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url!;
    requests.push({ path, range: request.headers.range });
    const file = /^\/files\/([^/]+)\//.exec(path)?.[1];
    if (file !== undefined) sentBytes += send(request, response, packages[file]!);
    else sendJson(response, describe(path, packages, base()));
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    packages, requests, get sentBytes() { return sentBytes; },
    mirrors: [{ from: 'api.nuget.org', to: base() }, { from: 'pypi.org', to: base() }],
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    }),
  };
}

function sendJson(response: ServerResponse, content: unknown): void {
  if (content === undefined) response.writeHead(404).end('no');
  else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(content));
}

/** What the registries say; undefined for what they do not have. */
function describe(path: string, packages: Record<string, FakePackage>, base: string): unknown {
  if (path === '/v3/index.json') {
    return { version: '3.0.0', resources: [{ '@id': `${base}/v3/registration`, '@type': 'RegistrationsBaseUrl' }] };
  }
  const nuget = packages[providerPackage]!;
  const id = providerPackage.toLowerCase();
  if (path === `/v3/registration/${id}/${nuget.version}.json`) {
    const packageContent = `${base}/files/${providerPackage}/${id}.${nuget.version}.nupkg`;
    return { catalogEntry: `${base}/v3/catalog.json`, packageContent };
  }
  const archive = zipOf(nuget.files);
  if (path === '/v3/catalog.json') {
    const packageHash = createHash('sha512').update(archive).digest('base64');
    return { packageHash, packageHashAlgorithm: 'SHA512', packageSize: archive.length };
  }
  const name = /^\/simple\/([a-z0-9-]+)\/$/.exec(path)?.[1] ?? '';
  const found = packages[name];
  return found && { meta: { 'api-version': '1.1' }, name, files: wheelsOf(name, found, base) };
}

/** One that is wanted, among others that are not: for another processor, for a newer system, withdrawn. */
function wheelsOf(name: string, { version, files }: FakePackage, base: string): unknown[] {
  const archive = zipOf(files);
  const fileOf = (tag: string, release = version): object => {
    const filename = `${name.replaceAll('-', '_')}-${release}-py3-none-${tag}.whl`;
    const sha256 = createHash('sha256').update(archive).digest('hex');
    return { filename, url: `${base}/files/${name}/${filename}`, hashes: { sha256 }, size: archive.length };
  };
  const newer = version.replace(/\d+$/, (last) => String(Number(last) + 1));
  return [
    fileOf('manylinux_2_27_x86_64'), fileOf('manylinux_2_27_aarch64', newer), fileOf('manylinux_9_99_x86_64', newer),
    { ...fileOf('manylinux_2_27_x86_64', newer), yanked: 'broken' }, fileOf('win_amd64', newer),
  ];
}

/** Returns how many bytes go out. */
function send(request: IncomingMessage, response: ServerResponse, wanted: FakePackage): number {
  const archive = zipOf(wanted.files);
  const etag = `"${createHash('sha256').update(archive).digest('hex')}"`;
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const { isChanged, cutAfter, stallAfter } = wanted;
  const body = isChanged ? archive.map((byte) => byte ^ 1) : archive;
  const part = body.subarray(from, from + (cutAfter ?? stallAfter ?? archive.length));
  const range = from > 0 ? { 'content-range': `bytes ${from}-${archive.length - 1}/${archive.length}` } : {};
  response.writeHead(from > 0 ? 206 : 200, { etag, 'content-length': archive.length - from, ...range });
  delete wanted.cutAfter;
  delete wanted.stallAfter;
  if (stallAfter !== undefined) response.write(part);
  else if (cutAfter !== undefined) {
    // a reset takes back whatever a busy reader has not read yet
    response.write(part, () => setTimeout(() => response.destroy(), 500));
  }
  else response.end(part);
  return part.length;
}

/** A zip archive, deflated. (PKWARE, APPNOTE.TXT 4.3.) */
function zipOf(files: FakePackage['files']): Buffer {
  const [bodies, directory]: Buffer[][] = [[], []];
  let offset = 0;
  for (const [name, bytes] of Object.entries(files)) {
    const packed = deflateRawSync(bytes, { level: 1 });
    const head = Buffer.alloc(26);
    [20, 0, 8, 0, 0].forEach((field, index) => head.writeUInt16LE(field, 2 * index));
    [crc32(bytes), packed.length, bytes.length].forEach((field, index) => head.writeUInt32LE(field, 10 + 4 * index));
    head.writeUInt16LE(Buffer.byteLength(name), 22);
    const end = Buffer.alloc(14);
    end.writeUInt32LE(offset, 10);
    bodies!.push(Buffer.from('PK\x03\x04', 'latin1'), head, Buffer.from(name), packed);
    directory!.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), head, end, Buffer.from(name));
    offset += 30 + Buffer.byteLength(name) + packed.length;
  }
  const list = Buffer.concat(directory!);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(Object.keys(files).length, 8);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies!, list, end]);
}
