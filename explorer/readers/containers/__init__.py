"""Machinery that several formats share: XML elements, JSON objects, tagged lines. Modules here register no reader."""
