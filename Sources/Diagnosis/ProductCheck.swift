import Campaigns
import Foundation
import Provenance
import Tensors

/// What computes: oneDNN, the instruction set, and how fast matrices are multiplied.
package struct ProductCheck {
  /// Versions as `BuildInformation` has them.
  let oneDNN: String
  let instructionSet: String
  let ofCPU: InstructionSet?
  let inUse: InstructionSet?
  /// Of one core; nil where nothing was measured.
  let gigaflops: Double?

  package init(
    oneDNN: String, instructionSet: String, ofCPU: InstructionSet?, inUse: InstructionSet?, gigaflops: Double?
  ) {
    self.oneDNN = oneDNN
    self.instructionSet = instructionSet
    self.ofCPU = ofCPU
    self.inUse = inUse
    self.gigaflops = gigaflops
  }

  /// Measures one core, for half a second or so.
  static func measure() -> ProductCheck {
    let build = BuildInformation.current
    return ProductCheck(
      oneDNN: build.oneDNN, instructionSet: build.instructionSet, ofCPU: InstructionSet.ofCPU,
      inUse: InstructionSet.current,
      gigaflops: MatmulPeak.measure(.float32, team: ThreadTeam()) / 1e9)
  }

  package var findings: [Finding] {
    [instructions] + (gigaflops.map { [speed($0)] } ?? [])
  }

  private var instructions: Finding {
    let text = "oneDNN \(oneDNN), instruction set \(instructionSet)"
    guard let ofCPU else {
      return .note(
        "computing", "\(text); this CPU has no AVX2", do: "expect a tenth of the speed; use a CPU with AVX2 or AVX-512")
    }
    if let inUse, inUse != ofCPU {
      return .note(
        "computing", "\(text), of \(ofCPU.rawValue) that the CPU has", do: "unset DNNL_MAX_CPU_ISA if it is not wanted")
    }
    return .ok("computing", text)
  }

  /// What half of a core of ten years ago has.
  private func speed(_ gigaflops: Double) -> Finding {
    let text = "\(Int(gigaflops)) GFLOP/s in matrix products of one core"
    let least = (inUse ?? .avx2) >= .avx512 ? 40.0 : 15.0
    return gigaflops < least
      ? .note("speed", text, do: "look for what else computes here (top), and for limits of a container")
      : .ok("speed", text)
  }
}
