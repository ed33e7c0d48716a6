import Launching

/// Open MPI: the `mpirun` that starts jobs, and the library that is loaded.
package struct LauncherCheck {
  /// nil where there is none that can be used.
  let launcher: MPILauncher?
  /// Why there is none.
  let failure: LaunchError?
  /// As `MPIRuntime.libraryVersion` has it.
  let library: String
  let isRoot: Bool
  let environment: [String: String]

  package init(
    launcher: MPILauncher?, failure: LaunchError?, library: String, isRoot: Bool, environment: [String: String]
  ) {
    self.launcher = launcher
    self.failure = failure
    self.library = library
    self.isRoot = isRoot
    self.environment = environment
  }

  package var findings: [Finding] { [version, root, binding].compactMap { $0 } }

  private var version: Finding {
    let subject = "Open MPI"
    guard library.hasPrefix("Open MPI") else {
      return .bad(subject, "the library that is loaded is \(library)", do: "put Open MPI's first in LD_LIBRARY_PATH")
    }
    let loaded = String(library.drop { !$0.isNumber })
    guard let launcher else {
      return .bad(subject, "\(failure.map { "\($0)" } ?? "there is no mpirun")", do: "see docs/running.md")
    }
    if launcher.version == loaded { return .ok(subject, "\(loaded), mpirun and library") }
    let text = "mpirun is of \(launcher.version), the library of \(loaded)"
    let advice = "put the bin folder of \(loaded) first in PATH"
    // Ranks of another main version do not find one another: each would be alone.
    return String(launcher.major) == loaded.prefix { $0 != "." }
      ? .note(subject, text, do: advice) : .bad(subject, text, do: advice)
  }

  private var root: Finding? {
    let allowed = ["OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"].allSatisfy { environment[$0] == "1" }
    if !isRoot { return .ok("user", "not root") }
    if allowed { return .ok("user", "root, which OMPI_ALLOW_RUN_AS_ROOT lets mpirun be") }
    return .note(
      "user", "root, as whom mpirun refuses to start",
      do: "start with caravan run, or give mpirun --allow-run-as-root; better, have a user for it")
  }

  /// Variables that bind ranks, or choose how they talk, for every job of this shell.
  private var binding: Finding? {
    let names = [
      "OMPI_MCA_hwloc_base_binding_policy", "PRTE_MCA_hwloc_default_binding_policy", "OMPI_MCA_btl", "OMPI_MCA_pml",
    ]
    let set = names.compactMap { name in environment[name].map { "\(name)=\($0)" } }
    if set.isEmpty {
      return .ok("binding", "left to the command: caravan run binds no rank, mpirun wants --bind-to none for that")
    }
    return .note("binding", set.joined(separator: ", "), do: "unset what you did not set on purpose")
  }
}
