import Evaluation
import Learning
import MPI
import Tensors

/// What sets a run of a hand-off apart from one of `caravan train`; by default nothing.
public struct Adaptation {
  /// What the weights start as; nil for fresh ones.
  package var pretrained: PretrainedModel?
  package var frozen = FrozenWeights.none
  /// What the valid split's targets are ranked among.
  package var candidates = CandidateRule.all
  /// What the run's lines on standard error begin with.
  package var label = ""
  /// What decides the weights, or which of them are the best, beside the plan's own options.
  package var decidingOptions: [String: String] = [:]

  /// Nothing: a run of `caravan train`.
  public init() {}

  /// Gives a model that is about to be trained its first weights; collective.
  func start(_ training: Trainer, seed: UInt64, group: any ProcessGroup) throws(MPIError) {
    let parameters = training.model.parameters
    guard let pretrained else {
      try training.table.initialise(seed: seed)
      if group.rank == 0 { parameters.initialiseDense(seed: seed) }
      return try group.broadcast(parameters.denseStorage.elements, from: 0)
    }
    parameters.copyDense(pretrained.model.parameters)
    training.table.adopt(pretrained.rows)
    if let moments = pretrained.moments { training.takeOver(moments) }
  }
}

extension ParameterSet {
  /// Takes over the dense weights of a model of the same shapes.
  fileprivate func copyDense(_ other: ParameterSet) {
    precondition(denseStorage.count == other.denseStorage.count)
    denseStorage.base.update(from: other.denseStorage.base, count: denseStorage.count)
  }
}
