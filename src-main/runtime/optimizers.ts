// Which of ONNX Runtime's graph optimizers look for something that a graph can have. Each one that runs walks the
// whole graph, and where it changed something every shape is inferred anew: for a training step of thousands of nodes
// that was most of the time that creating a session took. Names that it does not know are ignored.

import { type Graph, presentInputs } from '../compiler/1-build/graph.ts';
import { elementCount } from '../tensor/tensor.ts';

/** Fewer or smaller ones are made in each run, sooner than ONNX Runtime looks at every node for them. */
const manyNodes = 64;
const manyElements = 4096;

/** They look for quantized numbers and for whole blocks of other people's exporters: no graph of ours has those. */
const foreign = [
  'EnsureUniqueDQForNodeUnit', 'DoubleQDQPairsRemover', 'QDQPropagationTransformer', 'WeightBiasQuantization',
  'WhereDummyDq', 'QDQS8ToU8Transformer', 'QDQSelectorActionTransformer', 'MatMulIntegerToFloatFusion',
  'DynamicQuantizeMatMulFusion', 'MatMulNBitsFusion', 'QDQFinalCleanupTransformer', 'AttentionFusion',
  'GroupQueryAttentionFusion', 'GroupQueryAttentionPreNormFusion', 'EmbedLayerNormFusion', 'SkipLayerNormFusion',
  'BiasSkipLayerNormFusion', 'SimplifiedLayerNormFusion', 'BiasDropoutFusion', 'MatMulActivationFusion',
  'SliceConcatToSpaceToDepthFusion', 'FreeDimensionOverrideTransformer',
];

/** On the CPU compiler/3-simplify/ has done what they do, or the op is in our graphs as itself. */
const done = [
  'Level1_RuleBasedTransformer', 'Level2_RuleBasedTransformer', 'ConstantSharing', 'CommonSubexpressionElimination',
  'MatMulAddFusion', 'ReshapeFusion', 'GeluFusionL1', 'GeluFusionL2', 'LayerNormFusionL1', 'LayerNormFusionL2',
  'BiasGeluFusion', 'FastGeluFusion', 'QuickGeluFusion', 'BiasSoftmaxFusion', 'MatmulTransposeFusion',
  'MatMulScaleFusion', 'GatherToSliceFusion', 'GatherSliceToSplitFusion', 'RemoveDuplicateCastTransformer',
];

/** Layouts that other providers like; on the CPU there is nothing to win. */
const layouts = ['TransposeOptimizer', 'TransposeOptimizer_CPUExecutionProvider', 'NhwcTransformer'];

export interface OptimizerNeeds {
  readonly isCpu: boolean;
  readonly savesMemory: boolean;
  /** The graph as it is emitted; absent where it is not known. */
  readonly graph?: Graph;
}

/** Names of the optimizers to leave out, as ONNX Runtime takes them. */
export function uselessOptimizers({ isCpu, savesMemory, graph }: OptimizerNeeds): string {
  return [
    ...foreign,
    ...(isCpu ? [...done, ...layouts] : []),
    ...(graph && !canFold(graph) ? ['ConstantFolding'] : []),
    ...(isCpu && graph && !hasActivatedLayers(graph) ? ['ConvActivationFusion', 'GemmActivationFusion'] : []),
    // copies every convolution weight into another layout: 12 s and 2 GB for the UNet of SD 1.5
    ...(savesMemory ? ['NchwcTransformer', ...(isCpu ? ['ConvAddActivationFusion'] : [])] : []),
  ].join(';');
}

/** Whether enough can be computed before the first run: nodes that read nothing but what is frozen. */
function canFold({ nodes, initializers }: Graph): boolean {
  const frozen = nodes.filter((node) => presentInputs(node).every((value) => initializers.has(value)));
  return frozen.length >= manyNodes || frozen.some(({ outputs }) => elementCount(outputs[0]!.shape) >= manyElements);
}

/** Whether an activation may follow a convolution or product at once, as in the face networks. */
function hasActivatedLayers({ nodes }: Graph): boolean {
  return nodes.some(({ op, inputs: [x] }) => (
    (op === 'Relu' || op === 'Clip' || op === 'Tanh') && /^(Conv|Gemm)$/.test(x?.producer?.op ?? '')));
}
