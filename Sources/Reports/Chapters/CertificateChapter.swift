import Campaigns

/// A certificate of `caravan certify`: the same training, computed in many ways, and the bytes that came of it.
struct CertificateChapter {
  let name: String
  let certificate: Certificate

  var chapter: Chapter {
    let reference = certificate.reference
    let same = certificate.runs.count { $0.agrees(with: reference) }
    let verdict =
      same == certificate.runs.count
      ? "The same bytes in all \(same) runs."
      : "\(certificate.runs.count - same) of \(certificate.runs.count) runs came to OTHER bytes."
    return Chapter(
      "Certificate: \(name)",
      [Section(remarks: [verdict], facts: facts, tables: [table(reference)], listings: [options])])
  }

  private var facts: [Fact] {
    let build = certificate.build
    return [
      Fact("steps", "\(certificate.steps)"), Fact("precision", certificate.precision),
      Fact("data set, fingerprint", String(certificate.dataset.prefix(16)) + "…"), Fact("processor", certificate.cpu),
      Fact("caravan", "\(build.version) (\(shortCommit(build.commit)))"), Fact("MPI", build.mpi),
      Fact("oneDNN", build.oneDNN),
      Fact("instruction set", build.instructionSet),
    ]
  }

  private func table(_ reference: CertifiedRun) -> Table {
    Table(
      "What was compared", ["gate", "computed on", "weights, SHA-256", "moments, SHA-256", "bytes"],
      certificate.runs.map { run in
        [
          run.gate, run.words, String(run.model.prefix(12)), String(run.optimizer.prefix(12)),
          run.agrees(with: reference) ? "same" : "DIFFERENT",
        ]
      })
  }

  private var options: Listing { Listing("All options", certificate.config) }
}
