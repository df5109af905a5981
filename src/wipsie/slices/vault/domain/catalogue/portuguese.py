"""Português, as it is spoken in Brazil."""

from __future__ import annotations

from wipsie.slices.vault.domain.catalogue.texts import Texts, TypeText

PORTUGUESE = Texts(
    welcome=(
        "Olá! Envie laudos e receitas em PDF ou foto. Eu guardo tudo com segurança e encontro quando você precisar.\n\n"
        "• O que é guardado: seus arquivos, e a data, o hospital e o tipo que você confirmar.\n"
        "• Onde: criptografado, com {keeper}. O WhatsApp (Meta) pode guardar mensagens e arquivos por até 30 dias.\n"
        "• Você apaga quando quiser: APAGAR para um laudo, PARAR para encerrar e apagar tudo.\n\n"
        "Eu não dou conselhos médicos. Nada é aberto antes de você concordar. Você concorda?"
    ),
    welcome_outdated="Nosso texto de privacidade mudou desde que você concordou. Dê uma olhada, por favor.",
    welcome_files="O que você enviou está aqui e espera sem ser aberto.",
    agree="Concordo",
    agree_words=("concordo", "de acordo", "aceito", "sim", "ok", "1"),
    not_now="Agora não",
    privacy_button="Privacidade",
    agreed="Obrigado. Envie um laudo quando quiser, em PDF ou foto. AJUDA mostra o que eu sei fazer.",
    agreed_files="Obrigado. Estou vendo o que você enviou.",
    declined="Tudo bem. Nada foi aberto; o que você enviou é apagado em menos de um dia. Escreva de novo quando quiser.",
    privacy=(
        "*Privacidade, versão {version}*\n\n"
        "*O que é guardado:* os arquivos que você envia; a data, o hospital, o tipo, a pessoa e a nota que você confirma; palavras "
        "dos laudos, para você poder buscar; um registro do que foi feito com seus laudos, por quem e quando.\n\n"
        "*Onde:* com {keeper}. Cada arquivo é criptografado com uma chave própria. Nada é passado adiante, a não ser que você "
        "compartilhe um link.\n\n"
        "*WhatsApp:* o que você escreve ou envia aqui passa pelo WhatsApp. A Meta pode guardar isso por até 30 dias, e fica na sua "
        "própria conversa até você apagar lá.\n\n"
        "*Apagar:* APAGAR e um número esconde um laudo na hora; depois de {deleted_days} dias a chave dele é destruída e ninguém "
        "mais pode abri-lo. PARAR encerra tudo: seus laudos são apagados depois de {erase_days} dias, ou na hora, se você quiser.\n\n"
        "*Seu:* EXPORTAR entrega todos os laudos para você levar. HISTÓRICO mostra quem abriu o quê. PIN protege seus laudos se o "
        "seu número mudar.\n\n"
        "Eu guardo e encontro laudos. Não interpreto nenhum, e não dou conselhos médicos."
    ),
    keeper="quem cuida deste número",
    stopped=(
        "Eu parei. Nada mais é lido nem guardado. Seus laudos guardados são apagados em {day}, a não ser que você concorde de novo "
        "antes disso. Você pode levá-los, ou apagar agora."
    ),
    stopped_empty="Eu parei. Nada seu está guardado. Escreva de novo quando quiser.",
    export_button="Exportar",
    erase_button="Apagar tudo",
    erase_question="Apagar agora todos os seus laudos? Ninguém poderá desfazer isso.",
    erased="Tudo o que era seu foi apagado. Cuide-se. Escreva de novo quando quiser.",
    a_photo="Sua foto",
    a_file="Seu arquivo",
    still_working="Ainda estou lendo seu arquivo. Um momento, por favor.",
    takes_long="Isso está demorando mais do que devia. Seu arquivo está seguro; eu escrevo assim que ele for verificado.",
    delayed="Agora não consigo verificar arquivos. O seu está seguro, e eu continuo sozinho assim que puder.",
    reading_now="Ainda estou lendo seu arquivo. Um momento, por favor. CANCELAR interrompe.",
    not_kept="{file} não foi guardado: {reason}",
    refusals={
        "incomplete": "não chegou inteiro. Envie de novo como documento, por favor.",
        "kind": "eu guardo arquivos PDF e fotos (JPEG, PNG). Envie em um desses formatos, por favor.",
        "large": "tem mais de {mb} MB. Envie um menor, por favor.",
        "mismatch": "não é o que o nome diz. Envie o PDF ou a foto original, por favor.",
        "long": "tem páginas demais ou é uma imagem grande demais. Envie em partes, por favor.",
        "virus": "o antivírus encontrou algo nele. Não envie de novo, por favor.",
        "locked": "está protegido de um jeito que não consigo abrir. Envie sem proteção, por favor.",
        "gone": "o WhatsApp não tem mais esse arquivo. Envie de novo, por favor.",
        "quota": "seu espaço está cheio. Com APAGAR você abre lugar.",
        "other": "não consegui ler. Envie de novo, como documento, por favor.",
    },
    files_waiting=("Mais {count} arquivo está esperando.", "Mais {count} arquivos estão esperando."),
    waiting_full="Já há {count} arquivos esperando. Termine esses primeiro, e depois envie os outros de novo, por favor.",
    files_limit="Você enviou {count} arquivos em uma hora, e eu não aceito mais. Envie os outros mais tarde, por favor.",
    quota_full="Seu espaço está cheio, e não pude aceitar este arquivo. Com APAGAR você abre lugar.",
    not_accepted="Eu guardo arquivos PDF e fotos de laudos. Isso eu não posso guardar. AJUDA mostra o que eu sei fazer.",
    too_large="Esse arquivo tem mais de 100 MB, e o WhatsApp não o passou adiante. Envie um menor, por favor.",
    locked_question="{file} está protegido. Envie a senha dele, por favor.",
    locked_wrong="Não abriu com isso. Envie a senha outra vez, por favor.",
    locked_failed="{file} não pôde ser aberto, e não foi guardado. Envie de novo sem senha, por favor.",
    duplicate="Você já guardou isso em {day}, como laudo {number}.",
    duplicate_undated="Você já guardou isso, como laudo {number}.",
    show_it="Mostrar",
    keep_both="Guardar os dois",
    discard="Descartar",
    grouping="{count} fotos: são páginas de um só laudo?",
    one_report="Um laudo",
    separate="Laudos separados",
    to_stop="CANCELAR para encerrar",
    choose="Escolher",
    yes_words=("sim", "s", "claro", "ok", "okay", "isso"),
    no_words=("não", "n"),
    skip_words=("pular", "nenhum", "nenhuma", "não sei", "desconhecido"),
    skip="Pular",
    date_question="Qual é a data deste laudo? Por exemplo: 3 nov 2025",
    date_question_guess="Qual é a data deste laudo? Você também pode escrever, por exemplo: 3 nov 2025",
    date_which="Que dia você quer dizer?",
    date_future="Esse dia ainda não chegou. Confira, por favor, por exemplo: 3 nov 2025",
    date_impossible="Esse dia não existe no calendário. Confira, por favor, por exemplo: 3 nov 2025",
    date_before_birth="Isso é antes de você nascer. Confira, por favor, por exemplo: 3 nov 2025",
    date_incomplete="Escreva a data com mês e ano, por favor, por exemplo: 3 nov 2025 ou nov 2025",
    date_unclear="Não consegui ler isso como data. Escreva assim, por favor: 3 nov 2025",
    use_today="Usar hoje",
    skip_date="Pular a data",
    hospital_question="De que hospital, laboratório ou médico ele é?",
    hospital_question_guess="De que hospital, laboratório ou médico ele é? Escolha, ou escreva o nome.",
    hospital_length="Escreva um nome de 2 a 80 letras, por favor.",
    hospital_meant="Você quer dizer {name}?",
    yes="Sim",
    keep_mine="Não, como escrevi",
    type_question="Que tipo de laudo é?",
    type_unknown="Escolha um tipo da lista, por favor, ou escreva um deles.",
    types={
        "blood_test": TypeText("Exame de sangue", "Sangue, urina, valores de laboratório"),
        "imaging": TypeText("Imagem", "Raio-X, tomografia, ressonância, ultrassom"),
        "prescription": TypeText("Receita", "O que um médico receitou"),
        "discharge_summary": TypeText("Resumo de alta", "Depois de uma internação"),
        "vaccination": TypeText("Vacinação", "Vacinas e certificados"),
        "bill": TypeText("Conta, seguro", "Notas, recibos, reembolsos"),
        "other": TypeText("Outro", "Todo o resto"),
    },
    person_question="Para quem é este laudo? Escreva um nome.",
    person_length="Escreva um nome de no máximo 60 letras, por favor.",
    for_me="Para mim",
    me_words=("eu", "mim", "para mim", "meu"),
    note_question="O que eu anoto com ele? Até 200 letras.",
    note_length="É longo demais. Use no máximo 200 letras, por favor.",
    no_note="Sem nota",
    card_title="Confira os dados",
    card_title_edit="Laudo {number}: confira os dados",
    card_person="Para: {person}",
    card_note="Nota: {note}",
    card_pages=("{count} página", "{count} páginas"),
    card_hidden="O hospital e o tipo estão anotados, e não aparecem na conversa.",
    no_date="sem data",
    no_hospital="sem hospital",
    no_type="sem tipo",
    save="Salvar",
    save_words=("salvar", "salva", "guardar", "guarda"),
    change="Mudar",
    cancel="Cancelar",
    change_question="O que eu mudo?",
    slot_date="Data",
    slot_hospital="Hospital",
    slot_type="Tipo",
    slot_person="Para quem",
    slot_note="Nota",
    slot_words={
        "date": ("data", "dia"),
        "hospital": ("hospital", "clínica", "laboratório"),
        "type": ("tipo",),
        "person": ("para quem", "para", "pessoa"),
        "note": ("nota", "observação"),
    },
    saved="Salvo como laudo {number}.",
    saved_next="Salvo como laudo {number}. O próximo arquivo:",
    changed="O laudo {number} foi mudado.",
    first_hint="VER e o número dele traz de volta, LISTA mostra todos, AJUDA mostra o que mais eu sei fazer.",
    being_saved="Está sendo salvo agora mesmo. Depois você pode APAGAR o laudo.",
    save_failed="Ainda não foi salvo. Eu guardo seu arquivo e continuo tentando.",
    already_saved="Esse já foi salvo, como laudo {number}.",
    cancelled="Descartado. Nada disso foi guardado.",
    cancelled_edit="O laudo {number} fica como estava.",
    cancelled_waiting=(
        "Descartado. Mais {count} arquivo está esperando.",
        "Descartado. Mais {count} arquivos estão esperando.",
    ),
    next_file="Próximo arquivo",
    discard_all="Descartar todos",
    discarded="Todos os arquivos que esperavam foram descartados.",
    nothing_open="Não há nada para cancelar. Envie um laudo, ou AJUDA.",
    paused="Seu laudo ainda não foi salvo. Eu guardo por um dia. Vamos continuar?",
    resume="Continuar",
    out_of_date="Esse cartão não vale mais.",
    out_of_date_idle="Esse cartão não vale mais. Envie um laudo, ou LISTA para ver os seus.",
    repeat_please="Isso demorou muito para chegar a mim. Envie de novo, por favor, se ainda quiser.",
    finish_first="Vamos terminar este primeiro.",
    not_understood="Não entendi. Envie um laudo em PDF ou foto, ou AJUDA.",
    help=(
        "*Envie* um PDF ou uma foto para salvar.\n\n"
        "*LISTA* mostra seus laudos; LISTA 2025, LISTA SANGUE\n"
        "*VER 12* abre o laudo 12{file}\n"
        "*BUSCAR* e palavras\n"
        "*EDITAR 12* muda data, hospital, tipo\n"
        "*COMPARTILHAR 12* cria um link para o seu médico\n"
        "*APAGAR 12*, *DESFAZER*\n"
        "*HISTÓRICO* mostra o que foi feito\n"
        "*EXPORTAR* entrega tudo\n"
        "*PIN* protege seus laudos\n"
        "*IDIOMA* muda o idioma\n"
        "*PRIVACIDADE*, *PARAR*, *CANCELAR*"
    ),
    help_file="; VER 12 ARQUIVO envia aqui",
    commands_limit="Você enviou muitas mensagens. Faça uma pausa de uma hora, por favor; os arquivos que esperam estão seguros.",
    number_missing="Acrescente o número do laudo, por favor, por exemplo: {command} 12. LISTA mostra os números.",
    verbs={"get": "VER", "edit": "EDITAR", "share": "COMPARTILHAR", "unshare": "NÃO COMPARTILHAR", "delete": "APAGAR"},
    search_words_missing="Acrescente o que eu procuro, por favor, por exemplo: BUSCAR açúcar",
    delete_question="Apagar este laudo?\n\n{report}",
    delete="Apagar",
    keep="Manter",
    kept="Fica tudo como está.",
    deleted="O laudo {number} foi apagado. DESFAZER traz de volta até {day}; depois fica apagado para sempre.",
    undo="Desfazer",
    restored="O laudo {number} está de volta.",
    nothing_to_undo="Não há nada para trazer de volta.",
    not_there="Você não tem nenhum laudo {number}. LISTA mostra os que existem.",
    pin_question="Envie seu PIN de 6 números, por favor.",
    pin_form="Um PIN tem 6 números. Envie só eles, por favor.",
    pin_wrong=("Esse não era o PIN. Resta {count} tentativa.", "Esse não era o PIN. Restam {count} tentativas."),
    pin_blocked=(
        "PINs errados demais. Tente de novo em {count} minuto, por favor.",
        "PINs errados demais. Tente de novo em {count} minutos, por favor.",
    ),
    pin_missing=(
        "Seu número ou telefone mudou, e não havia PIN. Para que ninguém mais veja, seus laudos anteriores ficam fechados. Pergunte "
        "a {keeper}, por favor. Você pode salvar laudos novos."
    ),
    let_in=(
        "Seus laudos anteriores estão abertos de novo: a confirmação de que é você veio de {keeper}. Um PIN de antes não vale "
        "mais. Envie PIN para escolher um, e da próxima vez eu mesmo pergunto."
    ),
    unsaved_discarded=(
        "Seu número ou seu telefone mudou. Para que mais ninguém veja, o que ainda não estava salvo foi descartado. Envie de "
        "novo, por favor."
    ),
    pin_new="Quais 6 números serão o seu PIN? Eu peço se o seu número mudar.",
    pin_weak="Isso é fácil demais de adivinhar. Escolha outros 6 números, por favor.",
    pin_set="Seu PIN está valendo. Apague desta conversa a sua mensagem com o PIN, por favor.",
    language_question="Que idioma eu falo?",
    language_set="Agora falo português com você.",
    list_title="Seus laudos, página {page}",
    list_empty="Você ainda não tem laudos salvos. Envie um em PDF ou foto.",
    list_none="Não há nenhum laudo assim. LISTA mostra todos.",
    list_more="Mais",
    list_next="LISTA {page} mostra mais.",
    list_label="Mostrar laudos",
    report_title="Laudo {number}",
    search_title=("Encontrei {count} laudo.", "Encontrei {count} laudos."),
    search_none="Não encontrei nada. Eu busco palavras inteiras, nos dados e nos laudos.",
    link="{report}\n\n{url}\n\nO link vale uma vez, por {minutes} minutos. Quem tiver o link pode abrir o laudo.",
    share="{report}\n\n{url}\n\nVocê pode passar este link adiante. Ele vale {hours} horas, e eu aviso quando for aberto.",
    stop_sharing="Parar de partilhar",
    unshared="Os links para o laudo {number} não valem mais.",
    share_opened="O link que você compartilhou para o laudo {number} foi aberto.",
    history_title="O que foi feito com seus laudos",
    history_title_report="O que foi feito com o laudo {number}",
    history_empty="Ainda não foi feito nada.",
    actions={
        "saved": "salvo",
        "changed": "mudado",
        "viewed": "mostrado",
        "opened": "arquivo aberto",
        "link_made": "link criado",
        "link_opened": "link aberto",
        "pages_seen": "páginas mostradas",
        "reordered": "páginas ordenadas",
        "links_ended": "links encerrados",
        "deleted": "apagado",
        "restored": "trazido de volta",
        "erased": "apagado para sempre",
        "exported": "exportado",
        "listed": "lista mostrada",
        "searched": "busca",
        "agreed": "você concordou com o texto de privacidade",
        "stopped": "você enviou PARAR",
        "pin_set": "PIN definido",
        "pin_wrong": "PIN errado",
        "unlocked": "aberto de novo para você",
    },
    by_staff="{action}, pela equipe",
    by_link="{action}, por um link",
    export_started="Estou juntando seus laudos. Eu escrevo quando estiverem prontos.",
    export_ready="Seus laudos estão prontos: {count}.\n\n{url}\n\nO link vale {hours} horas. Guarde o arquivo em um lugar seguro.",
    export_failed="Não foi possível juntar seus laudos. Tente EXPORTAR de novo mais tarde, por favor.",
    export_empty="Ainda não há nada para exportar.",
)
