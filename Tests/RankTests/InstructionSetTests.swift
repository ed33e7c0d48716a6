import Foundation
import Tensors
import TestSupport
import Testing

/// The variants of the kernels against each other. An instruction set is chosen once a process, so each has its own.
@Suite(.serialized) final class InstructionSetTests {
  private let folder: String

  init() throws { folder = try CaravanCommand.temporaryFolder() }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// What `rank-tests kernels` computes where oneDNN is limited to `isa`, and the kernels with it.
  /// - Parameter pinned: what the process is pinned to beside that.
  private func results(_ isa: String, pinned: InstructionSet? = nil) throws -> [String: [Float]] {
    let file = "\(folder)/\(isa).json"
    let outcome = try MPIRun.run(
      ranks: nil, executable: BuiltProducts.url("rank-tests"),
      arguments: ["kernels", file] + (pinned.map { [$0.rawValue] } ?? []),
      environment: ["DNNL_MAX_CPU_ISA": isa])
    #expect(outcome.status == 0, "\(outcome.stderr)")
    return try JSONDecoder().decode([String: [Float]].self, from: Data(contentsOf: URL(fileURLWithPath: file)))
  }

  @Test func fusedKernelsHaveTheSameBits() throws {
    guard let cpu = InstructionSet.ofCPU, cpu != .avx2 else { return }
    let avx2 = try results("AVX2"), avx512 = try results("AVX512_CORE")
    #expect(avx2.count == 54 && avx2.keys == avx512.keys)
    for (name, expected) in avx2 where !name.hasPrefix("product") {
      #expect(avx512[name] == expected, "\(name)")
    }
    // oneDNN adds in another order.
    #expect(avx2["product"] != avx512["product"])
  }

  /// Products too, and whatever oneDNN may find in the CPU: those of bfloat16 CPUs and of none among them.
  @Test func portableProcessesHaveTheSameBits() throws {
    guard let cpu = InstructionSet.ofCPU else { return }
    let portable = try results("AVX2", pinned: .portable)
    for isa in ["AVX512_CORE_BF16", "AVX512_CORE", "SSE41"] {
      #expect(try results(isa, pinned: .portable) == portable, "\(isa)")
    }
    let own = try results("AVX2")
    #expect(own.keys == portable.keys)
    for (name, expected) in own where !name.hasPrefix("product") {
      #expect(portable[name] == expected, "\(name)")
    }
    #expect(portable["product"] == portable["product_plan"] && portable["product"] != own["product"])
    if cpu != .avx2 { #expect(try portable["product"] != results("AVX512_CORE")["product"]) }
  }

  /// Of every remainder, transposed or not, at both levels that may compute them.
  @Test(arguments: ["AVX2", "AVX512_CORE"])
  func portableProductsAreChains(isa: String) throws {
    guard InstructionSet.ofCPU != nil else { return }
    let outcome = try MPIRun.run(
      ranks: nil, executable: BuiltProducts.url("rank-tests"), arguments: ["portable-products"],
      environment: ["DNNL_MAX_CPU_ISA": isa])
    #expect(outcome.status == 0 && outcome.stdout.contains("ok portable-products"), "\(outcome.stderr)")
  }

  @Test func whatHasComputedCannotBecomePortable() throws {
    guard InstructionSet.ofCPU != nil else { return }
    let outcome = try MPIRun.run(
      ranks: nil, executable: BuiltProducts.url("rank-tests"), arguments: ["portable-is-too-late"])
    #expect(outcome.status == 1 && outcome.stderr.contains("--isa portable comes too late"), "\(outcome.stderr)")
  }

  @Test func plainKernelsAgreeToRounding() throws {
    guard InstructionSet.ofCPU != nil else { return }
    let avx2 = try results("AVX2"), plain = try results("SSE41")
    #expect(avx2.keys == plain.keys)
    // No multiplication is followed by an addition here: nothing is fused.
    let exact = [
      "add", "add_row", "sum_rows", "scatter_add_rows", "multiply", "dropout", "dropout_table_rows", "to_bf16", "relu",
      "relu_backward", "segment_mean", "count_above", "collect_above",
      "scale_rows", "causal_dropout",
    ]
    for name in exact { #expect(avx2[name] == plain[name], "\(name)") }
    // An unfused multiplication rounds once more: 6e-8 each, in sums of up to 53 terms of up to 4, and of 700 in a product.
    for (name, expected) in plain {
      let found = try #require(avx2[name])
      #expect(found.count == expected.count, "\(name)")
      for (found, expected) in zip(found, expected) {
        #expect(abs(found - expected) <= 5e-5 * max(1, abs(expected)), "\(name)")
      }
    }
    #expect(plain["gru_cell"] != avx2["gru_cell"], "the variants are another code")
  }

  /// Degree 3 instead of 5, and then 8 bits.
  @Test func exponentialsForBfloat16AreClose() throws {
    guard InstructionSet.ofCPU == .avx512BF16 else { return }
    let exact = try results("AVX512_CORE"), own = try results("AVX512_CORE_BF16")
    for name in ["softmax_weights_bf16", "softmax_gradient_bf16"] {
      let found = try #require(own[name]), expected = try #require(exact[name])
      #expect(found.count == expected.count && found != expected)
      for (found, expected) in zip(found, expected) {
        // One unit in the last of 8 bits, either way; the exact ones stop at 2^-100.
        #expect(abs(found - expected) <= 0.0079 * abs(expected) + 1e-30, "\(name): \(found), \(expected)")
      }
    }
  }

  /// What decides bfloat16 products alone changes no float32 bit.
  @Test func float32ProductsAreTheSameOnEveryAVX512() throws {
    guard InstructionSet.ofCPU == .avx512BF16 else { return }
    // The head's own kernels for bfloat16 have instructions of their own where products of it have.
    func ofFloat32(_ isa: String) throws -> [String: [Float]] {
      try results(isa).filter { !$0.key.hasPrefix("softmax") || !$0.key.hasSuffix("bf16") }
    }
    let least = try ofFloat32("AVX512_CORE")
    for isa in ["AVX512_CORE_VNNI", "AVX512_CORE_BF16"] { #expect(try ofFloat32(isa) == least, "\(isa)") }
  }
}
