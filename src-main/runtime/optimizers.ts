// Which of ONNX Runtime's graph optimizers look for something that our graphs can have. Each one that runs walks the
// whole graph, and infers every shape anew where it changed something: for a training step of thousands of nodes that
// was most of the time that creating a session took. Names it does not know are ignored.

/** They look for quantized numbers and for whole blocks of other people's exporters: no graph of ours has those. */
const foreign = [
  'EnsureUniqueDQForNodeUnit', 'DoubleQDQPairsRemover', 'QDQPropagationTransformer', 'WeightBiasQuantization',
  'WhereDummyDq', 'QDQS8ToU8Transformer', 'QDQSelectorActionTransformer', 'MatMulIntegerToFloatFusion',
  'DynamicQuantizeMatMulFusion', 'MatMulNBitsFusion', 'QDQFinalCleanupTransformer', 'AttentionFusion',
  'GroupQueryAttentionFusion', 'GroupQueryAttentionPreNormFusion', 'EmbedLayerNormFusion', 'SkipLayerNormFusion',
  'BiasSkipLayerNormFusion', 'SimplifiedLayerNormFusion', 'BiasDropoutFusion', 'MatMulActivationFusion',
  'SliceConcatToSpaceToDepthFusion', 'FreeDimensionOverrideTransformer',
];

/** compiler/3-simplify/ has done what they do, or the op is in our graphs as itself. */
const done = [
  'Level1_RuleBasedTransformer', 'Level2_RuleBasedTransformer', 'ConstantSharing', 'CommonSubexpressionElimination',
  'ReshapeFusion', 'GeluFusionL1', 'GeluFusionL2', 'LayerNormFusionL1', 'LayerNormFusionL2', 'BiasGeluFusion',
  'FastGeluFusion', 'QuickGeluFusion', 'BiasSoftmaxFusion', 'MatmulTransposeFusion', 'MatMulScaleFusion',
  'GatherToSliceFusion', 'RemoveDuplicateCastTransformer',
];

/** Layouts that other providers like; on the CPU there is nothing to win. */
const layouts = ['TransposeOptimizer', 'TransposeOptimizer_CPUExecutionProvider', 'NhwcTransformer'];

/** Names of the optimizers to leave out on the CPU or elsewhere, as ONNX Runtime takes them. */
export function uselessOptimizers(isCpu: boolean, savesMemory: boolean): string {
  return [
    ...foreign,
    ...(isCpu ? [...done, ...layouts] : []),
    // copies every convolution weight into another layout: 12 s and 2 GB for the UNet of SD 1.5
    ...(savesMemory ? ['NchwcTransformer'] : []),
  ].join(';');
}
