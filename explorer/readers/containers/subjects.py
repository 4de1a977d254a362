"""arXiv's categories by the names that Dublin Core gives them: https://arxiv.org/category_taxonomy."""

from __future__ import annotations

from functools import cache

# An archive, its name, and its categories as code and name.
_ARCHIVES = {
    ("astro-ph", "Astrophysics"): """
        CO Cosmology and Nongalactic Astrophysics; EP Earth and Planetary Astrophysics; GA Astrophysics of Galaxies;
        GA Galaxy Astrophysics; HE High Energy Astrophysical Phenomena; IM Instrumentation and Methods for Astrophysics;
        SR Solar and Stellar Astrophysics""",
    ("cond-mat", "Condensed Matter"): """
        dis-nn Disordered Systems and Neural Networks; mes-hall Mesoscale and Nanoscale Physics;
        mes-hall Mesoscopic Systems and Quantum Hall Effect; mtrl-sci Materials Science; other Other Condensed Matter;
        quant-gas Quantum Gases; soft Soft Condensed Matter; stat-mech Statistical Mechanics;
        str-el Strongly Correlated Electrons; supr-con Superconductivity""",
    ("cs", "Computer Science"): """
        AI Artificial Intelligence; AR Hardware Architecture; AR Architecture; CC Computational Complexity;
        CE Computational Engineering, Finance, and Science; CG Computational Geometry; CL Computation and Language;
        CR Cryptography and Security; CV Computer Vision and Pattern Recognition; CY Computers and Society;
        DB Databases; DC Distributed, Parallel, and Cluster Computing; DL Digital Libraries; DM Discrete Mathematics;
        DS Data Structures and Algorithms; ET Emerging Technologies; FL Formal Languages and Automata Theory;
        GL General Literature; GR Graphics; GT Computer Science and Game Theory; HC Human-Computer Interaction;
        IR Information Retrieval; IT Information Theory; LG Machine Learning; LG Learning;
        LO Logic in Computer Science; MA Multiagent Systems; MM Multimedia; MS Mathematical Software;
        NA Numerical Analysis; NE Neural and Evolutionary Computing; NI Networking and Internet Architecture;
        OH Other Computer Science; OH Other; OS Operating Systems; PF Performance; PL Programming Languages;
        RO Robotics; SC Symbolic Computation; SD Sound; SE Software Engineering;
        SI Social and Information Networks; SY Systems and Control""",
    ("econ", "Economics"): "EM Econometrics; GN General Economics; TH Theoretical Economics",
    ("eess", "Electrical Engineering and Systems Science"): """
        AS Audio and Speech Processing; IV Image and Video Processing; SP Signal Processing; SY Systems and Control""",
    ("math", "Mathematics"): """
        AC Commutative Algebra; AG Algebraic Geometry; AP Analysis of PDEs; AT Algebraic Topology;
        CA Classical Analysis and ODEs; CO Combinatorics; CT Category Theory; CV Complex Variables;
        DG Differential Geometry; DS Dynamical Systems; FA Functional Analysis; GM General Mathematics;
        GN General Topology; GR Group Theory; GT Geometric Topology; HO History and Overview; IT Information Theory;
        KT K-Theory and Homology; LO Logic; MG Metric Geometry; MP Mathematical Physics; NA Numerical Analysis;
        NT Number Theory; OA Operator Algebras; OC Optimization and Control; PR Probability; QA Quantum Algebra;
        RA Rings and Algebras; RT Representation Theory; SG Symplectic Geometry; SP Spectral Theory;
        ST Statistics Theory""",
    ("nlin", "Nonlinear Sciences"): """
        AO Adaptation and Self-Organizing Systems; CD Chaotic Dynamics; CG Cellular Automata and Lattice Gases;
        PS Pattern Formation and Solitons; SI Exactly Solvable and Integrable Systems""",
    ("physics", "Physics"): """
        acc-ph Accelerator Physics; ao-ph Atmospheric and Oceanic Physics; app-ph Applied Physics;
        atm-clus Atomic and Molecular Clusters; atom-ph Atomic Physics; bio-ph Biological Physics;
        chem-ph Chemical Physics; class-ph Classical Physics; comp-ph Computational Physics;
        data-an Data Analysis, Statistics and Probability; ed-ph Physics Education; flu-dyn Fluid Dynamics;
        gen-ph General Physics; geo-ph Geophysics; hist-ph History and Philosophy of Physics;
        ins-det Instrumentation and Detectors; med-ph Medical Physics; optics Optics; plasm-ph Plasma Physics;
        pop-ph Popular Physics; soc-ph Physics and Society; space-ph Space Physics""",
    ("q-bio", "Quantitative Biology"): """
        BM Biomolecules; CB Cell Behavior; GN Genomics; MN Molecular Networks; NC Neurons and Cognition;
        OT Other Quantitative Biology; OT Other; PE Populations and Evolution; QM Quantitative Methods;
        SC Subcellular Processes; TO Tissues and Organs""",
    ("q-fin", "Quantitative Finance"): """
        CP Computational Finance; EC Economics; GN General Finance; MF Mathematical Finance; PM Portfolio Management;
        PR Pricing of Securities; RM Risk Management; ST Statistical Finance; TR Trading and Market Microstructure""",
    ("stat", "Statistics"): """
        AP Applications; CO Computation; ME Methodology; ML Machine Learning; OT Other Statistics;
        TH Statistics Theory""",
    ("gr-qc", "General Relativity and Quantum Cosmology"): "",
    ("hep-ex", "High Energy Physics - Experiment"): "",
    ("hep-lat", "High Energy Physics - Lattice"): "",
    ("hep-ph", "High Energy Physics - Phenomenology"): "",
    ("hep-th", "High Energy Physics - Theory"): "",
    ("math-ph", "Mathematical Physics"): "",
    ("nucl-ex", "Nuclear Experiment"): "",
    ("nucl-th", "Nuclear Theory"): "",
    ("quant-ph", "Quantum Physics"): "",
}  # fmt: skip


def category_of(subject: str) -> str:
    """Return the category that "Computer Science - Computation and Language" names, cs.CL; empty for what is none."""
    return _categories().get(subject.casefold(), "")


@cache
def _categories() -> dict[str, str]:
    named: dict[str, str] = {}
    for (archive, field), categories in _ARCHIVES.items():
        named[field.casefold()] = archive
        for written in " ".join(categories.split()).split("; "):
            code, _, name = written.partition(" ")
            if name:
                named[f"{field} - {name}".casefold()] = f"{archive}.{code}"
    return named
