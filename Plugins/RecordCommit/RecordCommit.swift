import Foundation
import PackagePlugin

/// Writes the commit that is being built into a Swift file of the target.
///
/// The manifest's `Context.gitInformation` would be shorter, but SwiftPM keeps a manifest's values until its text
/// changes: later builds would carry the commit of the first one.
@main struct RecordCommit: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) -> [Command] {
    let root = context.package.directoryURL
    let script = root.appending(path: "scripts/record-commit.sh")
    let output = context.pluginWorkDirectoryURL.appending(path: "Commit.swift")
    // Another commit, or a change of what is compiled.
    let inputs =
      gitFiles(of: root) + [script, root.appending(path: "Package.swift")]
      + context.package.targets.compactMap(\.sourceModule).flatMap { $0.sourceFiles.map(\.url) }
    return [
      .buildCommand(
        displayName: "Recording the commit", executable: URL(filePath: "/bin/sh"),
        arguments: [script.path, root.path, output.path], inputFiles: inputs, outputFiles: [output])
    ]
  }

  /// What git touches when the commit or the index changes; nothing where there is no repository.
  private func gitFiles(of root: URL) -> [URL] {
    var folder = root.appending(path: ".git")
    // In a work tree of its own, .git is a file that names the folder.
    if let link = try? String(contentsOf: folder, encoding: .utf8), link.hasPrefix("gitdir: ") {
      folder = URL(filePath: String(link.dropFirst(8).prefix { !$0.isNewline }), relativeTo: root).absoluteURL
    }
    return ["HEAD", "index", "logs/HEAD"].map { folder.appending(path: $0) }
      .filter { FileManager.default.fileExists(atPath: $0.path) }
  }
}
