import TestSupport
import Testing
import Training

@Suite struct SampledLossTests {
  /// Every loss that the file has, under the names of its tensors.
  @Test(arguments: try Fixture.sampledLosses())
  func lossesAgreeWithTheirAuthors(_ fixture: Fixture) throws {
    for (prefix, kind) in [
      ("cross_entropy", LossPlan.Kind.sampledCrossEntropy), ("cross_entropy_logq", .sampledCrossEntropy),
      ("bpr_max", .bprMax), ("bpr_max_elu", .bprMax), ("top1_max", .top1Max), ("top1_max_elu", .top1Max),
    ] where fixture.has(prefix + ".loss") {
      var plan = LossPlan()
      plan.kind = kind
      plan.logQ = prefix.hasSuffix("logq") ? Float(fixture.number("logq")) : 0
      plan.sampleAlpha = fixture.number("sample_alpha")
      plan.bprRegularisation = Float(fixture.number("bpreg"))
      if prefix.hasSuffix("elu") { plan.activation = .elu(alpha: Float(fixture.number("elu"))) }
      for deviation in try fixture.sampledLossDeviations(prefix, plan) {
        #expect(deviation.value <= 1e-4, "\(fixture.name) \(prefix): \(deviation)")
      }
    }
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
