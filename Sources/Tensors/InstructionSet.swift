import CKernels

/// What CPUs must have in common to compute the same bits. Products and our own kernels take the same one.
public enum InstructionSet: String, Codable, CaseIterable, Comparable, Sendable {
  /// No more than every CPU from `avx2` on computes alike, on AVX2 or on AVX-512: products are our own, not oneDNN's.
  case portable
  /// AVX2 with FMA: x86-64 CPUs since 2013.
  case avx2
  /// AVX-512 as servers have it: F, BW, CD, DQ and VL.
  case avx512
  /// With products of bfloat16 numbers too.
  case avx512BF16 = "avx512_bf16"

  /// Those of a CPU's own, from the lowest to the highest.
  public static let ofCPUs: [InstructionSet] = [.avx2, .avx512, .avx512BF16]

  /// The highest that this CPU has, never `portable`; nil where it has less than AVX2, or is no x86-64 CPU.
  public static var ofCPU: InstructionSet? { InstructionSet(ck_cpu_isa()) }

  /// The one in use: the pinned one, or the highest that CPU and `DNNL_MAX_CPU_ISA` allow; nil for less than AVX2.
  /// Asking chooses it for the rest of the process, as the first computation does.
  public static var current: InstructionSet? { ck_is_portable() ? .portable : InstructionSet(ck_isa_in_use()) }

  /// Makes this process compute with `set`: before it computes anything. What `DNNL_MAX_CPU_ISA` says counts no more, but
  /// for `portable`, whose kernels it keeps from AVX-512, to the same bits.
  /// - Throws: `InstructionSetError`.
  public static func pin(_ set: InstructionSet) throws(InstructionSetError) {
    switch set == .portable ? ck_pin_portable() : ck_pin_instruction_set(set.level) {
    case CK_PINNED: return
    case CK_CPU_LACKS_ISA: throw .lacking(set, ofCPU: ofCPU)
    default: throw .inUse(instructionSet, asked: set)
    }
  }

  /// By what a CPU must have; `portable`, which needs no more than `avx2`, comes first.
  public static func < (a: InstructionSet, b: InstructionSet) -> Bool {
    (a.level.rawValue, a == .portable ? 0 : 1) < (b.level.rawValue, b == .portable ? 0 : 1)
  }

  /// The one that is recorded as `name`; nil where none computes so alone.
  public init?(recorded name: String) {
    switch name {
    case "portable": self = .portable
    case "avx2": self = .avx2
    case "avx512_core": self = .avx512
    case "avx512_core_bf16": self = .avx512BF16
    default: return nil
    }
  }

  /// What a CPU must have.
  private var level: ck_isa {
    switch self {
    case .portable, .avx2: CK_AVX2
    case .avx512: CK_AVX512
    case .avx512BF16: CK_AVX512_BF16
    }
  }

  private init?(_ level: ck_isa) {
    guard let set = Self.ofCPUs.first(where: { $0.level == level }) else { return nil }
    self = set
  }
}

/// Why a process cannot be pinned to an instruction set.
public enum InstructionSetError: Error, Equatable, CustomStringConvertible {
  case lacking(InstructionSet, ofCPU: InstructionSet?)
  /// Something was computed before, with the first.
  case inUse(String, asked: InstructionSet)

  public var description: String {
    switch self {
    case .lacking(let set, let ofCPU?):
      "--isa \(set.rawValue) is more than this CPU has: choose \(ofCPU.rawValue)\(ofCPU == .avx2 ? "" : " or less")"
    case .lacking(let set, nil):
      "--isa \(set.rawValue) is more than this CPU has, which is no x86-64 CPU with AVX2: leave it out"
    case .inUse(let current, let set):
      "--isa \(set.rawValue) comes too late, this process has computed with \(current): set DNNL_MAX_CPU_ISA instead"
    }
  }
}

/// The instruction set that decides the bits, as oneDNN calls it, `avx512_core_bf16` …, or `portable`. Chooses it, as
/// `InstructionSet.current` does.
package var instructionSet: String { String(cString: ck_instruction_set()) }

/// oneDNN's version, such as `2.6.3`.
package var oneDNNVersion: String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 40) { text in
    text.initialize(repeating: 0)
    ck_onednn_version(text.baseAddress, Int32(text.count))
    return String(cString: text.baseAddress!)
  }
}
