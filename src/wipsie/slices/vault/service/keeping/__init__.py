"""What is kept for people: saving it, showing it, changing it, letting it go.

Verbs that change rows take the open unit of work of their caller, and the key ring that was had before it began. Object stores are asked
before the commit (`ReportSaver.prepare`) and after it (`ReportSaver.sweep`, `Eraser.remove_bytes`), never during it.
"""
