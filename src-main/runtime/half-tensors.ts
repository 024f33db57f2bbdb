// float16 tensors as Uint16Array, before the first of them is made: onnxruntime-node 1.30 wraps their numbers into
// Float16Array where there is one (Node 24), of which its own native half then reads no bytes.

import './no-telemetry.ts';
import { Tensor } from 'onnxruntime-node';

const kept = Object.getOwnPropertyDescriptor(globalThis, 'Float16Array');
if (kept?.configurable) {
  // which class it takes is asked once, at the first tensor
  Reflect.deleteProperty(globalThis, 'Float16Array');
  new Tensor('float16', new Uint16Array(1), [1]);
  Object.defineProperty(globalThis, 'Float16Array', kept);
}
