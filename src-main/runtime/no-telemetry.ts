// ONNX Runtime reports to its makers by default: on Linux and macOS since 1.29, a device id on disk, and uploads
// (microsoft/onnxruntime pull request 27379). Nothing leaves this machine, so it is switched off before the library
// loads: imports run in order, and this file comes before onnxruntime-node wherever that is imported.

process.env['ORT_DISABLE_TELEMETRY'] = '1';
