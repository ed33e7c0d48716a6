import Learning
import Models
import Randomness
import Tensors
import TestSupport
import Testing

@Suite struct SampledLossTests {
  /// Every loss that the file has, under the names of its tensors.
  @Test(arguments: try Fixture.sampledLosses())
  func lossesAgreeWithTheirAuthors(_ fixture: Fixture) throws {
    for (prefix, kind) in [
      ("cross_entropy", LossPlan.Kind.sampledCrossEntropy), ("cross_entropy_logq", .sampledCrossEntropy),
      ("bpr_max", .bprMax), ("bpr_max_elu", .bprMax), ("top1_max", .top1Max), ("top1_max_elu", .top1Max),
      ("bce", .bce), ("gbce", .generalisedBCE),
    ] where fixture.has(prefix + ".loss") {
      var plan = LossPlan()
      plan.kind = kind
      plan.logQ = prefix.hasSuffix("logq") ? Float(fixture.number("logq")) : 0
      if kind.isBinary {
        plan.gbceT = fixture.number("gbce_t")
      } else {
        plan.sampleAlpha = fixture.number("sample_alpha")
        plan.bprRegularisation = Float(fixture.number("bpreg"))
      }
      if prefix.hasSuffix("elu") { plan.activation = .elu(alpha: Float(fixture.number("elu"))) }
      for deviation in try fixture.sampledLossDeviations(prefix, plan) {
        #expect(deviation.value <= 1e-4, "\(fixture.name) \(prefix): \(deviation)")
      }
    }
  }

  /// A head over a table of random rows, and one lane of sessions with gradients of their own.
  private func head(
    _ kind: LossPlan.Kind, share: [Double], targets: [Int32], samples: [Int32], alpha: Double = 0.75
  ) throws -> (loss: Double, gradients: [Float]) {
    let arena = Arena(), width = 6
    var random = RandomStream(seed: 5, purpose: .initialisation)
    func matrix(_ rows: Int) -> Tensor {
      let tensor = arena.zeros(rows: rows, columns: width)
      for index in tensor.elements.indices { tensor.elements[index] = Float(random.normal()) }
      return tensor
    }
    var plan = LossPlan()
    (plan.kind, plan.sampleAlpha) = (kind, alpha)
    let vectors = matrix(targets.count), table = matrix(share.count)
    let trial = try HeadTrial(table: table, [(vectors, targets)], sampled: (plan, share, samples))
    return (trial.loss, trial.sessions + trial.table)
  }

  /// Nothing to be above, as in a last batch of one session without samples: no loss, and nothing to learn.
  @Test(arguments: [LossPlan.Kind.bprMax, .top1Max, .sampledCrossEntropy])
  func aTargetWithoutNegativesCostsNothing(_ kind: LossPlan.Kind) throws {
    let (loss, gradients) = try head(kind, share: [0, 0.5, 0.5], targets: [2], samples: [])
    #expect(loss == 0 && gradients.allSatisfy { $0 == 0 }, "\(loss) \(gradients)")
    let (other, moving) = try head(kind, share: [0, 0.5, 0.5], targets: [2], samples: [1])
    #expect(other > 0 && moving.contains { $0 != 0 } && moving.allSatisfy(\.isFinite))
  }

  /// With alpha 0 all items are drawn alike, those too that do not occur in training. What all samples have in common
  /// is taken off none.
  @Test func itemsThatDoNotOccurMayBeSamples() throws {
    let rare = try head(.sampledCrossEntropy, share: [0, 1, 0, 0], targets: [1], samples: [2, 3], alpha: 0)
    let common = try head(.sampledCrossEntropy, share: [0, 1, 0.2, 0.7], targets: [1], samples: [2, 3], alpha: 0)
    #expect(rare.loss.isFinite && rare.loss == common.loss && rare.gradients == common.gradients)
  }

  @Test func itemsAreDrawnInProportion() {
    let sampler = ItemSampler(occurrences: [9, 16, 0, 1, 81], alpha: 0.5, seed: 3)
    var counts = [Int](repeating: 0, count: 5)
    for step in 0..<100 { for row in sampler.draw(140, step: step) { counts[Int(row)] += 1 } }
    // Weights 4, 0, 1, 9 of 14 among 14,000 draws; the standard deviations are below 60.
    #expect(counts[0] == 0 && counts[2] == 0)
    #expect(abs(counts[1] - 4000) < 300 && abs(counts[3] - 1000) < 300 && abs(counts[4] - 9000) < 300)
    #expect(sampler.draw(50, step: 7) == sampler.draw(50, step: 7))
    #expect(sampler.draw(50, step: 7) != sampler.draw(50, step: 8))
  }
}
